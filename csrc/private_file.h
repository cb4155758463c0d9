/* What both modules that make files need: which directories they make, and which files are safe to use. */
#pragma once

#include <limits.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

/* Makes the directories above a file. A failure shows when the file itself is made. */
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

/* Returns NULL for a file that this user alone may read and change, or what is wrong with it. */
static inline const char *private_fault(const struct stat *status)
{
    if (!S_ISREG(status->st_mode))
        return "it is no file";
    if (status->st_uid != geteuid())
        return "it belongs to another user";
    return status->st_mode & (S_IRWXG | S_IRWXO) ? "others may read or change it: chmod 600 it" : NULL;
}
