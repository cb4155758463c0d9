/*
 * The module cmr.sqlite: a database file of the user, for the ledger. It is a separate module, because only users of
 * the ledger need libsqlite3.
 *
 *   sqlite.open(path, busy_milliseconds) -> database
 *   database:run(sql, ...)    -> the number of rows that changed
 *   database:first(sql, ...)  -> the first row as {column = value}, or nil
 *   database:rows(sql, ...)   -> all rows
 *   database:transaction(begin, change) -> the first three results of change(database)
 *   database:hold(number)     -> true: this process holds the number until it calls let_go or close, or ends.
 *                                A forked child that does not call exec still holds the number after this process ends
 *   database:let_go(number)   -> true
 *   database:is_held(number)  -> whether another process holds the number
 *   database:mark(number)     -> nothing; writes the number to a second file, unless a higher number is there already
 *   database:marked()         -> the highest marked number, or 0
 *   database:is_inherited()   -> whether a parent process opened the database, before a fork
 *   database:is_moved()       -> whether the file was removed or replaced after it was opened
 *   database:close()
 *
 * A function that fails returns nil, message, reason; `reasons` below lists most of the reasons. While `run`, `first`
 * or `rows` works, Lua may run a finalizer. If the finalizer calls `run`, `first`, `rows`, `transaction` or `close` of
 * the same database, that call fails with the reason "busy".
 *
 * A database that was opened before a fork belongs to the parent. The child must close that database before it opens
 * its own. Otherwise SQLite would count the parent's connection as a connection of the child, and would take no lock
 * for the child. The child would then lose its writes when the parent ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "compat.h"
#include "private_file.h"

/*
 * The locks in the writers' file. Where the system has F_OFD_SETLK, a lock belongs to the open file. The lock stays
 * when the process closes another descriptor of the same file. Elsewhere a lock belongs to the process. The process
 * loses the lock when it closes any descriptor of the file.
 */
#ifdef F_OFD_SETLK
#define SET_LOCK F_OFD_SETLK
#define GET_LOCK F_OFD_GETLK
#else
#define SET_LOCK F_SETLK
#define GET_LOCK F_GETLK
#endif

#define DATABASE "cmr.sqlite.database"
#define WRITERS_SUFFIX "-writers" /* suffix of the file in which each writer locks one byte */

enum {
    /* maximum number of lock_mark's tries to take the lock; a process normally holds the lock for microseconds only */
    MARK_TRIES = 1000,
    RETRY_NANOSECONDS = 100000 /* between two tries */
};

/* A statement has no userdata of its own. lua_database_gc asks SQLite for all statements, and finalizes them. */
struct database {
    sqlite3 *handle;
    sqlite3_stmt *active; /* the statement to reset at the end of db:run, db:first or db:rows */
    bool is_busy;         /* db:run, db:first or db:rows is running */
    int writers;          /* descriptor of the writers' file, or -1 */
    pid_t process;
    char writers_path[PATH_MAX];
};

CMR_EXPORT int luaopen_cmr_sqlite(lua_State *L);

/* The reasons that functions return for codes of SQLite. For a code that is not in the list, the reason is "error". */
static const struct {
    int code;
    const char *reason;
} reasons[] = {
    {SQLITE_BUSY, "busy"},
    {SQLITE_LOCKED, "busy"},
    {SQLITE_FULL, "full"},
    {SQLITE_READONLY, "readonly"},
    {SQLITE_CANTOPEN, "no_file"},
    {SQLITE_CORRUPT, "corrupt"},
    {SQLITE_NOTADB, "corrupt"},
    {SQLITE_IOERR, "io"},
    {SQLITE_PERM, "denied"},
    {SQLITE_NOMEM, "memory"},
    {SQLITE_CONSTRAINT, "constraint"},
};

static int push_failure(lua_State *L, const char *message, const char *reason)
{
    lua_pushnil(L);
    lua_pushstring(L, message);
    lua_pushstring(L, reason);
    return 3;
}

static int push_sqlite_failure(lua_State *L, sqlite3 *handle, int code)
{
    const char *reason = "error";

    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].code == (code & 0xff))
            reason = reasons[i].reason;
    return push_failure(L, handle ? sqlite3_errmsg(handle) : sqlite3_errstr(code), reason);
}

static struct database *to_database(lua_State *L)
{
    struct database *database = luaL_checkudata(L, 1, DATABASE);

    luaL_argcheck(L, database->handle, 1, "the database is closed");
    return database;
}

static int push_inherited(lua_State *L)
{
    return push_failure(L, "the database was opened before a fork", "inherited");
}

/*
 * Makes the file if it is missing. Returns NULL, or a message that says what is wrong with the file. An existing file
 * is not opened, because closing it would drop the locks of this process's other connections.
 */
static const char *prepare_file(const char *path)
{
    struct stat status;

    if (stat(path, &status) != 0) {
        int fd;
        if (errno != ENOENT)
            return strerror(errno);
        make_directories(path);
        fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
        if (fd >= 0)
            (void)close(fd);
        else if (errno != EEXIST)
            return strerror(errno);
        if (stat(path, &status) != 0)
            return strerror(errno);
    }
    return private_fault(&status);
}

static int lua_sqlite_open(lua_State *L)
{
    size_t length;
    const char *name = luaL_checklstring(L, 1, &length);
    const int busy = (int)luaL_optinteger(L, 2, 0);
    struct database *database = cmr_newuserdata(L, sizeof *database);
    char path[PATH_MAX];
    const char *fault;
    int code;

    *database = (struct database){.writers = -1, .process = getpid()};
    cmr_setmetatable(L, DATABASE);
    lua_newtable(L); /* maps the text of a statement to its sqlite3_stmt */
    cmr_set_keep(L, -2);
    if (strlen(name) != length)
        return push_failure(L, strerror(EINVAL), "no_file");
    /* "./" in front, because SQLite treats a name like ":memory:" specially */
    if (snprintf(path, sizeof path, "%s%s", name[0] == '/' ? "" : "./", name) >= (int)sizeof path)
        return push_failure(L, strerror(ENAMETOOLONG), "no_file");
    fault = prepare_file(path);
    if (fault)
        return push_failure(L, fault, "no_file");
    code = sqlite3_open_v2(path, &database->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    /* SQLite's path is absolute and has no symbolic links, so all processes use the same writers' file */
    if (code == SQLITE_OK && snprintf(database->writers_path, PATH_MAX, "%s" WRITERS_SUFFIX,
                                      sqlite3_db_filename(database->handle, "main")) >= PATH_MAX)
        code = SQLITE_CANTOPEN;
    if (code != SQLITE_OK) {
        const int count = push_sqlite_failure(L, database->handle, code);
        (void)sqlite3_close_v2(database->handle);
        database->handle = NULL;
        return count;
    }
    (void)sqlite3_busy_timeout(database->handle, busy);
    /* Turns off the checkpoint that the last process would otherwise run when it closes the file. */
    (void)sqlite3_db_config(database->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    return 1;
}

/*
 * Stores the statement in the table on top of the stack. The key is the SQL at stack index 2. The table already has
 * this key, so storing needs no memory.
 */
static void set_statement(lua_State *L, sqlite3_stmt *handle)
{
    lua_pushvalue(L, 2);
    if (handle)
        lua_pushlightuserdata(L, handle);
    else
        lua_pushnil(L);
    lua_rawset(L, -3);
}

/*
 * Returns the statement of the SQL at index 2. Prepares the statement if the table does not have it yet. If that fails,
 * pushes a failure and returns NULL.
 */
static sqlite3_stmt *to_statement(lua_State *L, struct database *database)
{
    sqlite3_stmt *handle;
    int code;

    cmr_get_keep(L, 1);
    lua_pushvalue(L, 2);
    lua_rawget(L, -2);
    handle = lua_touserdata(L, -1);
    lua_pop(L, 1);
    if (handle) {
        lua_pop(L, 1);
        return handle;
    }
    lua_pushvalue(L, 2);
    lua_pushboolean(L, 0);
    lua_rawset(L, -3);
    code = sqlite3_prepare_v3(database->handle, lua_tostring(L, 2), -1, SQLITE_PREPARE_PERSISTENT, &handle, NULL);
    set_statement(L, handle);
    lua_pop(L, 1);
    if (!handle)
        push_sqlite_failure(L, database->handle, code);
    return handle;
}

/* Binds the value at a stack index to a parameter of the statement. SQLite copies strings. */
static int bind(lua_State *L, sqlite3_stmt *handle, int position, int index)
{
    size_t length;
    const char *text;

    switch (lua_type(L, index)) {
    case LUA_TNIL:
        return sqlite3_bind_null(handle, position);
    case LUA_TBOOLEAN:
        return sqlite3_bind_int(handle, position, lua_toboolean(L, index));
    case LUA_TNUMBER:
#if LUA_VERSION_NUM >= 503
        if (lua_isinteger(L, index))
            return sqlite3_bind_int64(handle, position, lua_tointeger(L, index));
#endif
        if (cmr_is_integer(L, index) && fabs(lua_tonumber(L, index)) < 9007199254740992.0)
            return sqlite3_bind_int64(handle, position, (sqlite3_int64)lua_tonumber(L, index));
        return sqlite3_bind_double(handle, position, lua_tonumber(L, index));
    default:
        text = luaL_checklstring(L, index, &length);
        return sqlite3_bind_text64(handle, position, text, length, SQLITE_TRANSIENT, SQLITE_UTF8);
    }
}

/*
 * Prepares the statement at index 2 of the stack, and binds the values from index 3 on. If one of these steps fails,
 * pushes a failure and returns NULL.
 */
static sqlite3_stmt *prepare(lua_State *L, struct database *database)
{
    const int values = lua_gettop(L) - 2;
    sqlite3_stmt *handle = to_statement(L, database);

    if (!handle)
        return NULL;
    if (values > sqlite3_bind_parameter_count(handle))
        luaL_error(L, "too many values for a statement");
    (void)sqlite3_clear_bindings(handle);
    for (int i = 1; i <= values; i++) {
        const int code = bind(L, handle, i, i + 2);
        if (code != SQLITE_OK) {
            push_sqlite_failure(L, database->handle, code);
            return NULL;
        }
    }
    database->active = handle;
    return handle;
}

static void push_column(lua_State *L, sqlite3_stmt *handle, int column)
{
    const char *bytes;

    switch (sqlite3_column_type(handle, column)) {
    case SQLITE_INTEGER:
#if LUA_VERSION_NUM >= 503
        lua_pushinteger(L, sqlite3_column_int64(handle, column));
#else
        lua_pushnumber(L, (lua_Number)sqlite3_column_int64(handle, column));
#endif
        break;
    case SQLITE_FLOAT:
        lua_pushnumber(L, sqlite3_column_double(handle, column));
        break;
    case SQLITE_NULL:
        lua_pushnil(L);
        break;
    default:
        bytes = sqlite3_column_blob(handle, column); /* SQLite returns NULL for an empty blob */
        lua_pushlstring(L, bytes ? bytes : "", (size_t)sqlite3_column_bytes(handle, column));
    }
}

static void push_row(lua_State *L, sqlite3_stmt *handle)
{
    const int columns = sqlite3_column_count(handle);

    lua_createtable(L, 0, columns);
    for (int i = 0; i < columns; i++) {
        push_column(L, handle, i);
        lua_setfield(L, -2, sqlite3_column_name(handle, i));
    }
}

static bool is_failure(int code)
{
    return code != SQLITE_DONE && code != SQLITE_ROW;
}

static int run(lua_State *L)
{
    struct database *database = lua_touserdata(L, 1);
    sqlite3_stmt *handle = prepare(L, database);
    int code;

    if (!handle)
        return 3;
    do
        code = sqlite3_step(handle);
    while (code == SQLITE_ROW);
    if (is_failure(code))
        return push_sqlite_failure(L, database->handle, code);
    lua_pushinteger(L, sqlite3_changes(database->handle));
    return 1;
}

static int first(lua_State *L)
{
    struct database *database = lua_touserdata(L, 1);
    sqlite3_stmt *handle = prepare(L, database);
    int code;

    if (!handle)
        return 3;
    code = sqlite3_step(handle);
    if (is_failure(code))
        return push_sqlite_failure(L, database->handle, code);
    if (code == SQLITE_ROW)
        push_row(L, handle);
    else
        lua_pushnil(L);
    return 1;
}

static int rows(lua_State *L)
{
    struct database *database = lua_touserdata(L, 1);
    sqlite3_stmt *handle = prepare(L, database);
    int number = 0;
    int code;

    if (!handle)
        return 3;
    lua_newtable(L);
    while ((code = sqlite3_step(handle)) == SQLITE_ROW) {
        push_row(L, handle);
        lua_rawseti(L, -2, ++number);
    }
    return is_failure(code) ? push_sqlite_failure(L, database->handle, code) : 1;
}

/*
 * Calls `run`, `first` or `rows`. Resets the statement afterwards, even if memory ran out. While the statement is read,
 * Lua may run a finalizer that queries or closes the same database. is_busy makes the finalizer's calls fail.
 */
static int call(lua_State *L, lua_CFunction operation)
{
    const int values = lua_gettop(L);
    struct database *database;
    int status;

    luaL_checkudata(L, 1, DATABASE);
    luaL_checkstring(L, 2);
    for (int i = 3; i <= values; i++)
        if (!lua_isnil(L, i) && !lua_isboolean(L, i) && lua_type(L, i) != LUA_TNUMBER)
            luaL_checkstring(L, i);
    lua_pushcfunction(L, operation); /* the push may run a finalizer that closes the database */
    database = to_database(L);
    if (database->process != getpid())
        return push_inherited(L);
    if (database->is_busy)
        return push_failure(L, "the database is in use", "busy");
    lua_insert(L, 1);
    lua_pushvalue(L, 2);
    lua_insert(L, 1); /* keeps the database alive */
    database->is_busy = true;
    status = lua_pcall(L, values, LUA_MULTRET, 0);
    database->is_busy = false;
    if (database->active)
        (void)sqlite3_reset(database->active);
    database->active = NULL;
    return status == 0 ? lua_gettop(L) - 1 : lua_error(L);
}

static int lua_database_run(lua_State *L)
{
    return call(L, run);
}

static int lua_database_first(lua_State *L)
{
    return call(L, first);
}

static int lua_database_rows(lua_State *L)
{
    return call(L, rows);
}

static int execute(const struct database *database, const char *sql)
{
    return sqlite3_exec(database->handle, sql, NULL, NULL, NULL);
}

/*
 * Begins a transaction with the statement `begin`, and calls change(database). Commits the transaction if the first
 * result of `change` is not nil. Undoes the transaction if the result is nil or `change` raises an error. The
 * function is written in C, because a hook of the host may raise an error at any line of Lua, for example to limit the
 * time. Such an error must not leave the transaction open.
 */
static int lua_database_transaction(lua_State *L)
{
    struct database *database = to_database(L);
    const char *begin = luaL_checkstring(L, 2);
    int status;
    int code;

    luaL_checktype(L, 3, LUA_TFUNCTION);
    lua_settop(L, 3);
    if (database->process != getpid())
        return push_inherited(L);
    if (database->is_busy)
        return push_failure(L, "the database is in use", "busy");
    code = execute(database, begin);
    if (code != SQLITE_OK)
        return push_sqlite_failure(L, database->handle, code);
    lua_pushvalue(L, 1);
    status = lua_pcall(L, 1, 3, 0);
    /*
     * Ends the transaction. If `change` has closed the database, the transaction is undone already. If `change` has
     * forked, the child leaves the transaction to the parent.
     */
    if (database->handle && database->process == getpid()) {
        if (status == 0 && !lua_isnil(L, -3))
            code = execute(database, "COMMIT");
        if (!sqlite3_get_autocommit(database->handle))
            (void)execute(database, "ROLLBACK");
    }
    if (status != 0)
        return lua_error(L);
    if (!database->handle && !lua_isnil(L, -3))
        return push_failure(L, "the database was closed in the transaction, which is undone", "closed");
    return code == SQLITE_OK ? 3 : push_sqlite_failure(L, NULL, code);
}

/* Opens the writers' file. Returns 0 or errno. */
static int open_writers(struct database *database)
{
    if (database->writers < 0)
        database->writers = open(database->writers_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    return database->writers < 0 ? errno : 0;
}

/* Returns whether the errno says that another process has the lock. */
static bool is_locked(int code)
{
    return code == EACCES || code == EAGAIN;
}

static struct flock byte_lock(short type, lua_Number number)
{
    return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)number, .l_len = 1};
}

/* Locks or unlocks one byte of the writers' file. The number at stack index 2 is the byte's offset. */
static int set_lock(lua_State *L, short type)
{
    struct database *database = to_database(L);
    struct flock byte = byte_lock(type, luaL_checknumber(L, 2));

    if (database->process != getpid())
        return push_inherited(L);
    if (open_writers(database) != 0 || fcntl(database->writers, SET_LOCK, &byte) != 0)
        return push_failure(L, strerror(errno), is_locked(errno) ? "busy" : "io");
    lua_pushboolean(L, 1);
    return 1;
}

static int lua_database_hold(lua_State *L)
{
    return set_lock(L, F_WRLCK);
}

static int lua_database_let_go(lua_State *L)
{
    return set_lock(L, F_UNLCK);
}

static int lua_database_is_held(lua_State *L)
{
    struct database *database = to_database(L);
    struct flock byte = byte_lock(F_WRLCK, luaL_checknumber(L, 2));

    if (database->process != getpid())
        return push_inherited(L);
    if (open_writers(database) != 0 || fcntl(database->writers, GET_LOCK, &byte) != 0)
        return push_failure(L, strerror(errno), "io");
    lua_pushboolean(L, byte.l_type != F_UNLCK);
    return 1;
}

/* Reads the marked number from the first bytes of the file. A lock on one of these bytes does not block the read. */
static double read_mark(struct database *database)
{
    double mark = 0;

    if (open_writers(database) != 0 || pread(database->writers, &mark, sizeof mark, 0) != sizeof mark)
        return 0;
    return mark;
}

/*
 * Locks the byte at offset 0, which no writer uses. Gives up after MARK_TRIES tries, because the process that has the
 * lock may be stopped.
 */
static void lock_mark(const struct database *database)
{
    const struct timespec pause = {.tv_nsec = RETRY_NANOSECONDS};
    struct flock byte = byte_lock(F_WRLCK, 0);

    for (int i = 0; i < MARK_TRIES && fcntl(database->writers, SET_LOCK, &byte) != 0 && is_locked(errno); i++)
        (void)nanosleep(&pause, NULL);
}

static void unlock_mark(const struct database *database)
{
    struct flock byte = byte_lock(F_UNLCK, 0);

    (void)fcntl(database->writers, SET_LOCK, &byte);
}

/*
 * Writes the number of a request to the writers' file, unless the file has the same or a higher number. Ignores a
 * failure to write. If the number is missing and the request is lost, the ledger may not notice the loss.
 */
static int lua_database_mark(lua_State *L)
{
    struct database *database = to_database(L);
    const double mark = luaL_checknumber(L, 2);

    if (database->process != getpid() || open_writers(database) != 0)
        return 0;
    lock_mark(database);
    if (mark > read_mark(database))
        (void)!pwrite(database->writers, &mark, sizeof mark, 0);
    unlock_mark(database);
    return 0;
}

static int lua_database_marked(lua_State *L)
{
    lua_pushnumber(L, read_mark(to_database(L)));
    return 1;
}

static int lua_database_is_inherited(lua_State *L)
{
    const struct database *database = luaL_checkudata(L, 1, DATABASE);

    lua_pushboolean(L, database->process != getpid());
    return 1;
}

static int lua_database_is_moved(lua_State *L)
{
    int is_moved = 0;

    (void)sqlite3_file_control(to_database(L)->handle, "main", SQLITE_FCNTL_HAS_MOVED, &is_moved);
    lua_pushboolean(L, is_moved);
    return 1;
}

/*
 * For close_after_fork: the files of the inherited database, and the function with which SQLite normally closes a
 * descriptor.
 */
static struct {
    struct stat files[3];
    size_t count;
    int (*close)(int);
} inherited;

/*
 * Returns whether the descriptor still belongs to a file of the database. If the child has closed the descriptor, the
 * descriptor's number may now belong to another file.
 */
static bool is_inherited(int fd)
{
    struct stat status;

    if (fstat(fd, &status) != 0)
        return false;
    for (size_t i = 0; i < inherited.count; i++)
        if (inherited.files[i].st_dev == status.st_dev && inherited.files[i].st_ino == status.st_ino)
            return true;
    return false;
}

static int close_inherited(int fd)
{
    return is_inherited(fd) ? inherited.close(fd) : 0;
}

/*
 * Takes the place of fcntl while close_after_fork closes an inherited database. During a close, SQLite calls fcntl only
 * to release locks, and the child has none.
 */
static int fcntl_inherited(int fd, int command, ...)
{
    (void)fd, (void)command;
    return 0;
}

/* Closes a parent's database in a fork's child. Does not close a descriptor that now belongs to another file. */
static void close_after_fork(sqlite3 *handle)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    const char *name = sqlite3_db_filename(handle, "main");
    sqlite3_syscall_ptr close_call;
    sqlite3_syscall_ptr fcntl_call;

    if (!name || vfs->iVersion < 3)
        return;
    inherited.count = 0;
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char path[PATH_MAX];
        if (snprintf(path, sizeof path, "%s%s", name, suffixes[i]) < (int)sizeof path &&
            stat(path, &inherited.files[inherited.count]) == 0)
            inherited.count++;
    }
    close_call = vfs->xGetSystemCall(vfs, "close");
    fcntl_call = vfs->xGetSystemCall(vfs, "fcntl");
    inherited.close = (int (*)(int))close_call;
    (void)vfs->xSetSystemCall(vfs, "close", (sqlite3_syscall_ptr)close_inherited);
    (void)vfs->xSetSystemCall(vfs, "fcntl", (sqlite3_syscall_ptr)fcntl_inherited);
    (void)sqlite3_close(handle);
    (void)vfs->xSetSystemCall(vfs, "close", close_call);
    (void)vfs->xSetSystemCall(vfs, "fcntl", fcntl_call);
}

static void unlock_all(const struct database *database)
{
    struct flock all = {.l_type = F_UNLCK, .l_whence = SEEK_SET}; /* the length 0 reaches to the end of the file */

    (void)fcntl(database->writers, SET_LOCK, &all);
}

static void close_writers(struct database *database)
{
    struct stat opened;
    struct stat named;
    const bool is_ours = database->process == getpid() ||
                         (fstat(database->writers, &opened) == 0 && stat(database->writers_path, &named) == 0 &&
                          opened.st_dev == named.st_dev && opened.st_ino == named.st_ino);

    if (database->writers >= 0 && database->process == getpid())
        unlock_all(database); /* otherwise, a forked child with the file open would keep the locks after `close` */
    if (database->writers >= 0 && is_ours)
        (void)close(database->writers);
    database->writers = -1;
}

/*
 * Closes the database. A fork's child closes the database only outside a transaction. Such a close is harmless: the
 * child has no locks, and the close runs no checkpoint. During a transaction, a close would end the transaction and
 * change the parent's files.
 */
static int lua_database_gc(lua_State *L)
{
    struct database *database = lua_touserdata(L, 1);
    sqlite3_stmt *handle;

    database->active = NULL;
    if (database->handle && (database->process == getpid() || sqlite3_get_autocommit(database->handle))) {
        while ((handle = sqlite3_next_stmt(database->handle, NULL)))
            (void)sqlite3_finalize(handle);
        if (database->process == getpid())
            (void)sqlite3_close(database->handle);
        else
            close_after_fork(database->handle);
    }
    database->handle = NULL;
    close_writers(database);
    return 0;
}

static int lua_database_close(lua_State *L)
{
    const struct database *database = luaL_checkudata(L, 1, DATABASE);

    if (database->is_busy)
        return push_failure(L, "the database is in use", "busy");
    return lua_database_gc(L);
}

int luaopen_cmr_sqlite(lua_State *L)
{
    static const luaL_Reg functions[] = {{"open", lua_sqlite_open}, {NULL, NULL}};
    static const luaL_Reg database_meta[] = {{"__gc", lua_database_gc}, {NULL, NULL}};
    static const luaL_Reg methods[] = {
        {"run", lua_database_run},
        {"first", lua_database_first},
        {"rows", lua_database_rows},
        {"transaction", lua_database_transaction},
        {"hold", lua_database_hold},
        {"let_go", lua_database_let_go},
        {"is_held", lua_database_is_held},
        {"mark", lua_database_mark},
        {"marked", lua_database_marked},
        {"is_inherited", lua_database_is_inherited},
        {"is_moved", lua_database_is_moved},
        {"close", lua_database_close},
        {NULL, NULL},
    };

    cmr_newtype(L, DATABASE, database_meta, methods);
    lua_newtable(L);
    luaL_setfuncs(L, functions, 0);
    cmr_set_string(L, "version", sqlite3_libversion());
    return 1;
}
