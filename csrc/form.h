/*
 * The parts of a multipart form: texts, and files that are streamed. A form belongs to a call and outlives its
 * attempts. Each attempt opens the files again and makes libcurl's mime handle. Touches no Lua.
 */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "buffer.h"
#include "refusal.h"

/* The identity of a file's content. A file that was changed or replaced has another identity. */
struct file_identity {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed_at;
};

struct form_part {
    struct buffer name;
    struct buffer value; /* a text, or the path of a file */
    const char *type;    /* the content type of a file; NULL for a text */
    struct file_identity identity;
    int fd; /* open during an attempt, else -1 */
    curl_off_t offset;
    bool broken; /* the file ended early, or could not be read, while it was sent */
};

struct form {
    struct form_part *parts;
    size_t count;
    curl_mime *mime;                /* NULL except during an attempt */
    const struct form_part *failed; /* the file that the attempt could not open, or that had changed */
};

/*
 * Gets the identity of the file at a path. Refuses a file that cannot be opened, is not regular, is empty or has a
 * control character in its name.
 */
bool form_check_file(const char *path, struct file_identity *identity, struct refusal *refusal);

/* The next two functions append a part with copies of the arguments. They return false when memory runs out. */
bool form_add_text(struct form *form, const char *name, const char *value, size_t length);
bool form_add_file(struct form *form, const char *name, const char *path, const struct file_identity *identity);

/* Returns the first broken file, or NULL. */
const struct form_part *form_broken(const struct form *form);

/* Returns the file name for the server: the last part of the path. */
const char *form_file_name(const char *path);

/*
 * Opens the files for an attempt, and makes the mime handle for `easy`. If a file cannot be opened or has changed since
 * it was added, returns CURLE_READ_ERROR and sets form->failed to that file.
 */
CURLcode form_open(struct form *form, CURL *easy);

/* Closes the attempt's files and frees its mime handle. Call this after the easy handle was freed or abandoned. */
void form_close(struct form *form);

/*
 * Does the work of form_close in a fork's child, or after the program has closed descriptors. The process may have
 * opened other files with the same descriptor numbers. Such files stay open.
 */
void form_forget(struct form *form);

void form_free(struct form *form);
