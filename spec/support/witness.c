/*
 * Watches the processes that the specs start. The API key must not be in a program's arguments, in a log, or in a file
 * that others may read. If this library (witness.so) sees the key there, it writes a line to witness.so.seen. It looks
 * into files when they are removed, and the specs remove all of their files.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static char key[256]; /* read at the start, because nginx removes the environment of its workers */
static char notes[PATH_MAX];
static char program[PATH_MAX];

static void note(const char *what, const char *where)
{
    char line[3 * PATH_MAX];
    const int length = snprintf(line, sizeof line, "%s: %s %s\n", program, what, where);
    const int file = open(notes, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

    if (file >= 0 && length > 0)
        (void)!write(file, line, (size_t)length);
    if (file >= 0)
        close(file);
}

static int holds_key(int file, size_t size)
{
    const void *bytes = size ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0) : MAP_FAILED;
    int found = 0;

    if (bytes != MAP_FAILED) {
        found = memmem(bytes, size, key, strlen(key)) != NULL;
        munmap((void *)bytes, size);
    }
    return found;
}

/* Returns whether other users can reach a file. They cannot if one of its directories is closed to them. */
static int is_public(const char *path, mode_t mode)
{
    char at[PATH_MAX];
    char *end;
    struct stat state;

    if (!(mode & (S_IRGRP | S_IROTH)) || !realpath(path, at))
        return 0;
    while ((end = strrchr(at, '/')) && end != at) {
        *end = '\0';
        if (stat(at, &state) == 0 && !(state.st_mode & (S_IXGRP | S_IXOTH)))
            return 0;
    }
    return 1;
}

static void look_into(int directory, const char *path)
{
    char whole[PATH_MAX];
    struct stat state;
    const char *dot = strrchr(path, '.');
    int file = *key ? openat(directory, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;

    if (file < 0)
        return;
    if (fstat(file, &state) == 0 && S_ISREG(state.st_mode) && holds_key(file, (size_t)state.st_size)) {
        char link[64];
        snprintf(link, sizeof link, "/proc/self/fd/%d", file);
        const ssize_t length = readlink(link, whole, sizeof whole - 1);
        whole[length > 0 ? length : 0] = '\0';
        if ((dot && strcmp(dot, ".log") == 0) || is_public(whole, state.st_mode))
            note("wrote it to", whole);
    }
    close(file);
}

__attribute__((constructor)) static void begin(void)
{
    static char arguments[1 << 21];
    const char *given = getenv("CMR_MOCK_KEY");
    Dl_info here;
    const int file = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    const ssize_t length = file >= 0 ? read(file, arguments, sizeof arguments) : 0;

    if (file >= 0)
        close(file);
    if (!given || strlen(given) < 8 || strlen(given) >= sizeof key || !dladdr(key, &here))
        return;
    strcpy(key, given);
    snprintf(notes, sizeof notes, "%s.seen", here.dli_fname);
    snprintf(program, sizeof program, "%.*s", (int)sizeof program - 1, length > 0 ? arguments : "?");
    if (length > 0 && memmem(arguments, (size_t)length, key, strlen(key)))
        note("was given it as", "an argument");
}

int unlink(const char *path)
{
    int (*real)(const char *) = (int (*)(const char *))dlsym(RTLD_NEXT, "unlink");
    look_into(AT_FDCWD, path);
    return real(path);
}

int unlinkat(int directory, const char *path, int flags)
{
    int (*real)(int, const char *, int) = (int (*)(int, const char *, int))dlsym(RTLD_NEXT, "unlinkat");
    look_into(directory, path);
    return real(directory, path, flags);
}

int remove(const char *path)
{
    int (*real)(const char *) = (int (*)(const char *))dlsym(RTLD_NEXT, "remove");
    look_into(AT_FDCWD, path);
    return real(path);
}
