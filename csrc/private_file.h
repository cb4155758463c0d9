/*
 * Makes missing directories, and decides which files are safe to use. The modules cmr.core and cmr.sqlite, which both
 * make files, share these functions.
 */
#pragma once

#include <limits.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

/* Makes the directories above a file. Ignores a failure, because making the file itself then fails too. */
static inline void make_directories(const char *file)
{
    char path[PATH_MAX];

    for (size_t i = 0; i < sizeof path && file[i]; i++) {
        path[i] = '\0';
        if (i > 0 && file[i] == '/')
            (void)mkdir(path, S_IRWXU);
        path[i] = file[i];
    }
}

/*
 * Returns NULL when only this user may read and change the file. Otherwise returns a message that says what is wrong.
 */
static inline const char *private_fault(const struct stat *status)
{
    if (!S_ISREG(status->st_mode))
        return "it is no file";
    if (status->st_uid != geteuid())
        return "it belongs to another user";
    return status->st_mode & (S_IRWXG | S_IRWXO) ? "others may read or change it: chmod 600 it" : NULL;
}
