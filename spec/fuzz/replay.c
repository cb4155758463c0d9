/* Runs a target with each file and with the files of each directory that the arguments name. Needs no libFuzzer. */
#include <dirent.h>
#include <sanitizer/common_interface_defs.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "fuzz.h"

static const char *current = "";
static unsigned count;

/* Names the file that made the process end. */
static void tell(void)
{
    fprintf(stderr, "replay: FAILED: %s\n", current);
}

static void on_abort(int signal)
{
    (void)signal;
    tell();
}

static void replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    size_t size = 0;
    long length;

    if (!file || fseek(file, 0, SEEK_END) != 0 || (length = ftell(file)) < 0) {
        perror(path);
        exit(1);
    }
    rewind(file);
    data = malloc((size_t)length + 1);
    if (data)
        size = fread(data, 1, (size_t)length, file);
    fclose(file);
    current = path;
    data = realloc(data, size + !size); /* the exact size, so that a sanitizer sees a read beyond it */
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    count++;
}

static void replay_all(const char *path)
{
    DIR *directory = opendir(path);
    const struct dirent *entry;
    char name[4096];

    if (!directory) {
        replay(path);
        return;
    }
    while ((entry = readdir(directory))) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        replay(name);
    }
    closedir(directory);
}

int main(int arguments, char **argument)
{
    __sanitizer_set_death_callback(tell);
    signal(SIGABRT, on_abort);
    for (int i = 1; i < arguments; i++)
        replay_all(argument[i]);
    printf("replay: %u inputs\n", count);
    return count == 0;
}
