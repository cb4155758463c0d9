#include "form.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_READ_BYTES = 65536 }; /* maximum bytes of one read, because a step of the engine must be short */

static int open_file(const char *path)
{
    /* O_NONBLOCK, because opening a FIFO would wait for a writer */
    return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

/* Gets the identity of a file. Returns NULL, or a message that says why the file cannot be opened or used. */
static const char *identify(int fd, struct file_identity *identity)
{
    struct stat status;

    if (fd < 0 || fstat(fd, &status) != 0)
        return strerror(errno);
    if (!S_ISREG(status.st_mode))
        return S_ISDIR(status.st_mode) ? "it is a directory" : "it is no regular file";
    if (status.st_size == 0)
        return "it is empty";
#ifdef __APPLE__
    *identity = (struct file_identity){status.st_dev, status.st_ino, status.st_size, status.st_mtimespec};
#else
    *identity = (struct file_identity){status.st_dev, status.st_ino, status.st_size, status.st_mtim};
#endif
    return NULL;
}

static bool is_same(const struct file_identity *one, const struct file_identity *other)
{
    return one->device == other->device && one->inode == other->inode && one->size == other->size &&
           one->changed_at.tv_sec == other->changed_at.tv_sec && one->changed_at.tv_nsec == other->changed_at.tv_nsec;
}

bool form_check_file(const char *path, struct file_identity *identity, struct refusal *refusal)
{
    const int fd = open_file(path);
    const char *fault = identify(fd, identity);

    if (fd >= 0)
        (void)close(fd);
    for (const char *at = form_file_name(path); !fault && *at; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7F)
            fault = "its name holds a control character";
    return !fault || refuse_data(refusal, BAD_VALUE, fault);
}

const char *form_file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* Returns the content type of a file, by the ending of its name. The API accepts images. */
static const char *content_type(const char *path)
{
    static const struct {
        const char *ending, *type;
    } types[] = {
        {".png", "image/png"},   {".jpg", "image/jpeg"},    {".jpeg", "image/jpeg"}, {".gif", "image/gif"},
        {".webp", "image/webp"}, {".svg", "image/svg+xml"}, {".avif", "image/avif"}, {".bmp", "image/bmp"},
        {".heic", "image/heic"}, {".tiff", "image/tiff"},
    };
    const char *ending = strrchr(form_file_name(path), '.');

    for (size_t i = 0; ending && i < sizeof types / sizeof types[0]; i++)
        if (curl_strequal(ending, types[i].ending))
            return types[i].type;
    return "application/octet-stream";
}

/* Appends a part. Returns NULL if memory runs out; the form then still owns its parts. */
static struct form_part *add(struct form *form, const char *name, const char *value, size_t length)
{
    struct form_part *parts = realloc(form->parts, (form->count + 1) * sizeof *parts);
    struct form_part *part;

    if (!parts)
        return NULL;
    form->parts = parts;
    part = &parts[form->count++];
    *part = (struct form_part){.fd = -1};
    buffer_init(&part->name, SIZE_MAX / 4);
    buffer_init(&part->value, SIZE_MAX / 4);
    return buffer_append_string(&part->name, name) && buffer_append(&part->value, value, length) ? part : NULL;
}

bool form_add_text(struct form *form, const char *name, const char *value, size_t length)
{
    return add(form, name, value, length);
}

bool form_add_file(struct form *form, const char *name, const char *path, const struct file_identity *identity)
{
    struct form_part *part = add(form, name, path, strlen(path));

    if (part) {
        part->type = content_type(path);
        part->identity = *identity;
    }
    return part;
}

const struct form_part *form_broken(const struct form *form)
{
    for (size_t i = 0; i < form->count; i++)
        if (form->parts[i].broken)
            return &form->parts[i];
    return NULL;
}

/* libcurl's callbacks. If another program shortens a file during an attempt, the attempt ends. */

static size_t on_read(char *bytes, size_t size, size_t count, void *userdata)
{
    struct form_part *part = userdata;
    const size_t room = size * count < MAX_READ_BYTES ? size * count : MAX_READ_BYTES;
    const curl_off_t left = part->identity.size - part->offset;
    ssize_t length;

    if (left <= 0)
        return 0;
    do
        length = pread(part->fd, bytes, (curl_off_t)room < left ? room : (size_t)left, (off_t)part->offset);
    while (length < 0 && errno == EINTR);
    if (length <= 0) {
        part->broken = true;
        return CURL_READFUNC_ABORT;
    }
    part->offset += length;
    return (size_t)length;
}

static int on_seek(void *userdata, curl_off_t offset, int origin)
{
    struct form_part *part = userdata;

    if (origin != SEEK_SET || offset < 0 || offset > part->identity.size)
        return CURL_SEEKFUNC_CANTSEEK;
    part->offset = offset;
    return CURL_SEEKFUNC_OK;
}

static CURLcode add_file_to_mime(struct form_part *part, curl_mimepart *mimepart)
{
    struct file_identity identity = {0};
    CURLcode code;

    part->fd = open_file(part->value.data);
    if (identify(part->fd, &identity) || !is_same(&identity, &part->identity))
        return CURLE_READ_ERROR;
    code = curl_mime_data_cb(mimepart, part->identity.size, on_read, on_seek, NULL, part);
    if (code == CURLE_OK)
        code = curl_mime_filename(mimepart, form_file_name(part->value.data));
    return code == CURLE_OK ? curl_mime_type(mimepart, part->type) : code;
}

static CURLcode add_to_mime(struct form *form, struct form_part *part)
{
    curl_mimepart *mimepart = curl_mime_addpart(form->mime);
    CURLcode code = mimepart ? curl_mime_name(mimepart, part->name.data) : CURLE_OUT_OF_MEMORY;

    part->offset = 0;
    part->broken = false;
    if (code == CURLE_OK)
        code = part->type ? add_file_to_mime(part, mimepart)
                          : curl_mime_data(mimepart, part->value.data, part->value.length);
    if (code == CURLE_READ_ERROR)
        form->failed = part;
    return code;
}

CURLcode form_open(struct form *form, CURL *easy)
{
    CURLcode code = CURLE_OK;

    form->mime = curl_mime_init(easy);
    if (!form->mime)
        return CURLE_OUT_OF_MEMORY;
    for (size_t i = 0; i < form->count && code == CURLE_OK; i++)
        code = add_to_mime(form, &form->parts[i]);
    return code;
}

void form_forget(struct form *form)
{
    struct file_identity identity = {0};

    for (size_t i = 0; i < form->count; i++)
        if (identify(form->parts[i].fd, &identity) || !is_same(&identity, &form->parts[i].identity))
            form->parts[i].fd = -1;
    form_close(form);
}

void form_close(struct form *form)
{
    curl_mime_free(form->mime); /* accepts NULL */
    form->mime = NULL;
    for (size_t i = 0; i < form->count; i++) {
        if (form->parts[i].fd >= 0)
            (void)close(form->parts[i].fd);
        form->parts[i].fd = -1;
    }
}

void form_free(struct form *form)
{
    form_close(form);
    for (size_t i = 0; i < form->count; i++) {
        buffer_free(&form->parts[i].name);
        buffer_free(&form->parts[i].value);
    }
    free(form->parts);
    *form = (struct form){.parts = NULL};
}
