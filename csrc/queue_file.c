#include "queue_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "compat.h"
#include "crypto.h"
#include "pollset.h"
#include "private_file.h"

enum {
    MAX_BYTES = 1 << 18,       /* room for the queues of 4,096 keys at once */
    BLOCK_RECORDS = 256,       /* records in one read; MAX_BYTES is a multiple of the size of such a block */
    POLL_NANOSECONDS = 100000, /* between two tries; another process normally has the lock for a shorter time */
};

/*
 * A record has 64 bytes, so that no record crosses a page. The kernel writes such a record whole, even if the process
 * is killed during the write.
 */
struct record {
    unsigned char key[DIGEST_BYTES];
    double next;    /* the next free slot */
    double changed; /* when the record was written; a time in the future means that the machine has restarted */
    double unused[2];
};

_Static_assert(sizeof(struct record) == 64, "a record is 64 bytes");

/* The open file, and the queue of one key in the file. */
struct queue {
    int fd;
    double now;
    double next;  /* the next free slot */
    off_t offset; /* where the file has the key's record */
};

/* The slot that a caller wants, and the slot that the caller gets. See queue_file_reserve. */
struct slot {
    double after, spacing, max_wait, patience;
    double delay;
    bool is_reserved;
};

/* Opens or makes the file. Returns NULL, or a message that says what is wrong with the file. */
static const char *open_file(struct queue *queue, const char *path)
{
    const int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    struct stat status;

    queue->fd = open(path, flags, S_IRUSR | S_IWUSR);
    if (queue->fd < 0 && errno == ENOENT) {
        make_directories(path);
        queue->fd = open(path, flags, S_IRUSR | S_IWUSR);
    }
    if (queue->fd < 0 || fstat(queue->fd, &status) != 0)
        return strerror(errno);
    return private_fault(&status);
}

/* Locks the file. Waits up to `patience` seconds for the lock. Returns 0 or errno. */
static int lock(int fd, double patience)
{
    const struct timespec pause = {.tv_nsec = POLL_NANOSECONDS};
    const double deadline = pollset_now() + patience;

    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return errno;
        if (pollset_now() >= deadline)
            return EWOULDBLOCK;
        (void)nanosleep(&pause, NULL);
    }
    return 0;
}

static bool is_empty(const struct queue *queue, const struct record *record)
{
    return record->changed > queue->now || !(record->next > queue->now); /* also true if next is NaN */
}

/*
 * Finds the key's record. If the file has none, finds a place for a new record: the first record whose queue is empty,
 * or the end of the file. Returns 0 or errno.
 */
static int find(struct queue *queue, const unsigned char key[DIGEST_BYTES])
{
    struct record records[BLOCK_RECORDS];
    ssize_t count = sizeof records;
    off_t end = 0;

    queue->offset = -1;
    while (end < MAX_BYTES && count == sizeof records) {
        const struct record *record;

        count = pread(queue->fd, records, sizeof records, end);
        for (record = records; record < records + count / (ssize_t)sizeof *record; record++) {
            if (memcmp(record->key, key, DIGEST_BYTES) == 0) {
                queue->offset = end;
                queue->next = is_empty(queue, record) ? queue->now : record->next;
                return 0;
            }
            if (queue->offset < 0 && is_empty(queue, record))
                queue->offset = end;
            end += (off_t)sizeof *record;
        }
    }
    if (queue->offset < 0)
        queue->offset = end;
    queue->next = queue->now;
    if (count < 0)
        return errno;
    return queue->offset < MAX_BYTES ? 0 : ENOSPC;
}

/* Moves the key's next free slot to the time `next`. Returns 0 or errno. */
static int move(const struct queue *queue, const unsigned char key[DIGEST_BYTES], double next)
{
    struct record record = {.next = next, .changed = queue->now};
    ssize_t count;

    memcpy(record.key, key, DIGEST_BYTES);
    count = pwrite(queue->fd, &record, sizeof record, queue->offset);
    if (count < 0)
        return errno;
    return count == sizeof record ? 0 : ENOSPC;
}

/* Finds the slot in the open file, and reserves it if its delay is at most max_wait. Returns 0 or errno. */
static int reserve(struct queue *queue, const unsigned char key[DIGEST_BYTES], struct slot *slot)
{
    int code = lock(queue->fd, slot->patience);

    queue->now = pollset_now();
    if (!code)
        code = find(queue, key);
    if (code)
        return code;
    slot->delay = fmax(queue->next - queue->now, slot->after);
    slot->is_reserved = slot->delay <= slot->max_wait;
    return slot->is_reserved ? move(queue, key, queue->now + slot->delay + slot->spacing) : 0;
}

/*
 * Opens the file and calls reserve. Returns NULL if both succeed. Otherwise returns what is wrong with the file.
 * Touches no Lua.
 */
static const char *reserve_at(const char *path, const unsigned char key[DIGEST_BYTES], struct slot *slot)
{
    struct queue queue;
    const char *fault = open_file(&queue, path);

    if (!fault) {
        const int code = reserve(&queue, key, slot);
        if (code)
            fault = code == EWOULDBLOCK ? "another process has it locked" : strerror(code);
    }
    if (queue.fd >= 0)
        (void)close(queue.fd);
    return fault;
}

int queue_file_reserve(lua_State *L)
{
    size_t length;
    const char *path = luaL_checkstring(L, 1);
    const char *name = luaL_checklstring(L, 2, &length);
    struct slot slot = {
        .after = luaL_checknumber(L, 3),
        .spacing = luaL_checknumber(L, 4),
        .max_wait = luaL_checknumber(L, 5),
        .patience = luaL_checknumber(L, 6),
    };
    unsigned char key[DIGEST_BYTES];
    const char *fault;

    if (!crypto_digest(name, length, key))
        return luaL_error(L, "libcrypto makes no SHA-256");
    fault = reserve_at(path, key, &slot);
    if (fault) {
        lua_pushnil(L);
        lua_pushstring(L, fault);
        return 2;
    }
    lua_pushnumber(L, slot.delay);
    lua_pushboolean(L, slot.is_reserved);
    return 2;
}
