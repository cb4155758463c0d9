#include "multi.h"

#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>

#include "attempt.h"
#include "process.h"

#define IDLE_CONNECTIONS 256 /* idle connections to keep; libcurl's default depends on the calls in progress */
#define STREAMS 100          /* libcurl sends at most this many calls at once over one HTTP/2 connection */
#define GRACE_SECONDS 0.01   /* how long libcurl may take to notice that a call's time is over */
#define LATE_SECONDS 0.05    /* if a call's deadline passed this long ago, the process must have been stopped or busy */
#define READ_SECONDS 0.3     /* how long such a late call may still read an answer that has arrived */
#define LEAST_SHARE 0.1      /* a queued call begins only if at least this share of its time is left */

/* SIGPIPE is blocked while libcurl may write, because some TLS libraries write without MSG_NOSIGNAL. */
struct sigpipe {
    sigset_t mask; /* the signal mask to restore */
    bool pending;  /* whether a SIGPIPE was pending before SIGPIPE was blocked */
};

static bool sigpipe_is_pending(void)
{
    sigset_t pending;

    sigemptyset(&pending);
    sigpending(&pending);
    return sigismember(&pending, SIGPIPE);
}

static void sigpipe_block(struct sigpipe *sigpipe)
{
    sigset_t pipe;

    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, &sigpipe->mask);
    /* only a blocked signal can be pending */
    sigpipe->pending = sigismember(&sigpipe->mask, SIGPIPE) && sigpipe_is_pending();
}

/*
 * Takes a pending signal. Another thread may take the signal first. In this case, returns at once, or on macOS (which
 * has no sigtimedwait) waits for the next signal.
 */
static void take_signal(const sigset_t *signals)
{
#ifdef __APPLE__
    int signal;

    (void)sigwait(signals, &signal);
#else
    const struct timespec no_wait = {.tv_sec = 0};

    (void)sigtimedwait(signals, NULL, &no_wait);
#endif
}

/* Takes a SIGPIPE that came after sigpipe_block, and restores the signal mask. */
static void sigpipe_restore(const struct sigpipe *sigpipe)
{
    sigset_t pipe;

    if (!sigpipe->pending && sigpipe_is_pending()) {
        sigemptyset(&pipe);
        sigaddset(&pipe, SIGPIPE);
        take_signal(&pipe);
    }
    pthread_sigmask(SIG_SETMASK, &sigpipe->mask, NULL);
}

/* Puts the call first in the list. call->previous is NULL, because unlink_call clears it when a call leaves a list. */
static void link_call(struct call **list, struct call *call)
{
    call->next = *list;
    if (call->next)
        call->next->previous = call;
    *list = call;
}

static void unlink_call(struct call **list, struct call *call)
{
    if (call->next)
        call->next->previous = call->previous;
    if (call->previous)
        call->previous->next = call->next;
    else
        *list = call->next;
    call->previous = call->next = NULL;
}

static void join_queue(struct multi *multi, struct call *call)
{
    call->previous = multi->queue_end;
    if (call->previous)
        call->previous->next = call;
    else
        multi->queue = call;
    multi->queue_end = call;
}

static void leave_queue(struct multi *multi, struct call *call)
{
    if (multi->queue_end == call)
        multi->queue_end = call->previous;
    unlink_call(&multi->queue, call);
}

/*
 * Returns whether a call to this target can begin:
 *   HTTP/1             if fewer than max_connections calls run
 *   HTTP/2             if a free stream is likely, or if few running calls wait for a connection
 *   not yet known      if both HTTP/1 and HTTP/2 would allow the call
 * Over HTTP/2, one connection carries many calls. If many calls waited for a connection, libcurl might open one for
 * each of them.
 */
static bool has_room(const struct target *target)
{
    if (target->http_version != 2 && target->busy >= target->max_connections)
        return false;
    return target_is_http1(target) || target->busy < STREAMS || target->busy < target->streams ||
           target->unsent < target->busy / STREAMS;
}

/* Forgets the streams that no call uses now, because their connection may be gone. */
static void forget_streams(struct target *target)
{
    if (target->streams > target->busy)
        target->streams = target->busy;
}

/*
 * Removes a call from the running calls or from the queue. Then frees the call's handle, or keeps the handle for
 * another call. In a fork's child, or if the program has closed the descriptors, only forgets the handle. libcurl must
 * not free that handle: libcurl would write to the parent's connections, or to other files of the program.
 */
static void stop(struct multi *multi, struct call *call)
{
    multi->count--;
    call->state = CALL_DONE;
    if (!call->easy) {
        leave_queue(multi, call);
        return;
    }
    unlink_call(&multi->running, call);
    call->target->busy--;
    if (call->sends == 0)
        call->target->unsent--;
    if (call->target->busy == 0 || call->answer.code != CURLE_OK)
        forget_streams(call->target);
    if (has_room(call->target))
        multi->freed++;
    if (call->answer.ending == FORKED || call->answer.ending == LOST) {
        attempt_forget(call);
    } else {
        (void)curl_multi_remove_handle(multi->curl, call->easy);
        attempt_close(call, &multi->handles);
    }
}

static void stop_all(struct multi *multi, enum ending ending)
{
    while (multi->running || multi->queue) {
        struct call *call = multi->running ? multi->running : multi->queue;
        call->answer.ending = ending;
        stop(multi, call);
        link_call(&multi->finished, call);
    }
}

static void finish(struct multi *multi, struct call *call, CURLcode code)
{
    const int version = call->target->http_version;

    if (call->easy)
        attempt_finish(call, code);
    else
        call->answer.code = code;
    stop(multi, call);
    if (call->target->http_version != version)
        multi->freed = INT_MAX; /* all queued calls may have room now */
    link_call(&multi->finished, call);
}

/*
 * Called once per process, when the first engine is made. An earlier call would slow down a program without requests,
 * because libcurl reads OpenSSL's configuration. Nothing calls curl_global_cleanup, because a resolver thread may
 * outlive the last Lua state.
 */
static void init_libcurl(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

static bool open_curl(struct multi *multi)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, init_libcurl);
    multi->host_connections = 0;
    multi->curl = curl_multi_init();
    multi->share = curl_share_init();
    return multi->curl && multi->share &&
           curl_share_setopt(multi->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) == CURLSHE_OK &&
#if LIBCURL_VERSION_NUM >= 0x081400
           /* closing does not wait for a resolver thread */
           curl_multi_setopt(multi->curl, CURLMOPT_QUICK_EXIT, 1L) == CURLM_OK &&
#endif
           curl_multi_setopt(multi->curl, CURLMOPT_MAXCONNECTS, (long)IDLE_CONNECTIONS) == CURLM_OK &&
           pollset_serve(&multi->pollset, multi->curl);
}

/* Lets libcurl open this many connections to a host, and keep all of them while they are idle. */
static void raise_connections(struct multi *multi, int connections)
{
    multi->host_connections = connections;
    (void)curl_multi_setopt(multi->curl, CURLMOPT_MAX_HOST_CONNECTIONS, (long)connections);
    if (connections > IDLE_CONNECTIONS)
        (void)curl_multi_setopt(multi->curl, CURLMOPT_MAXCONNECTS, (long)connections);
}

static void close_curl(struct multi *multi)
{
    handles_close(&multi->handles);        /* freed first, because the idle handles use the share */
    (void)curl_multi_cleanup(multi->curl); /* accepts NULL */
    (void)curl_share_cleanup(multi->share);
    multi->curl = NULL;
    multi->share = NULL;
}

void multi_init(struct multi *multi)
{
    *multi = (struct multi){.owner = process_id()};
}

bool multi_open(struct multi *multi)
{
    if (!pollset_open(&multi->pollset))
        return false;
    if (open_curl(multi))
        return true;
    close_curl(multi);
    pollset_close(&multi->pollset);
    return false;
}

static bool has_lost_descriptors(const struct multi *multi)
{
    return multi->curl && !pollset_is_intact(&multi->pollset);
}

/* Closes a multi whose calls have ended. Does not call libcurl, so the memory of libcurl is not freed. */
static void forget(struct multi *multi)
{
    pollset_forget(&multi->pollset);
    multi->handles.count = 0;
    multi->curl = NULL;
}

/* Ends all calls with an error and closes the multi. Called after the program has closed the descriptors. */
static void lose(struct multi *multi)
{
    while (multi->running || multi->queue) {
        struct call *call = multi->running ? multi->running : multi->queue;
        call->answer.ending = LOST;
        finish(multi, call, CURLE_SEND_ERROR);
    }
    forget(multi);
}

void multi_close(struct multi *multi)
{
    struct sigpipe sigpipe;

    if (!multi->curl)
        return;
    if (multi->owner != process_id()) {
        stop_all(multi, FORKED);
        forget(multi);
        return;
    }
    if (has_lost_descriptors(multi)) {
        lose(multi);
        return;
    }
    sigpipe_block(&sigpipe);
    stop_all(multi, CANCELLED);
    close_curl(multi);
    pollset_close(&multi->pollset);
    sigpipe_restore(&sigpipe);
}

bool multi_is_usable(struct multi *multi)
{
    /* while calls are in flight, no check is needed here: multi_run itself finds that the descriptors are lost */
    if (multi->owner != process_id() || (multi->count == 0 && has_lost_descriptors(multi)))
        multi_close(multi);
    return multi->curl;
}

/* Sets the alarm to this deadline if the alarm is later. */
static void set_alarm(struct multi *multi, double deadline)
{
    if (deadline < multi->pollset.alarm)
        pollset_alarm(&multi->pollset, deadline);
}

/* Begins the attempt. If that fails, for example when memory runs out, the call ends at once with an error. */
static void begin(struct multi *multi, struct call *call)
{
    const struct target *target = call->target;
    const double now = pollset_now();
    const double timeout = fmin(call->timeout, call->queue_limit - now);

    call->answer.code = attempt_open(call, &multi->pollset, &multi->handles, multi->share, timeout);
    if (call->answer.code == CURLE_OK && target->max_connections > multi->host_connections)
        raise_connections(multi, target->max_connections);
    if (call->answer.code == CURLE_OK && curl_multi_add_handle(multi->curl, call->easy) != CURLM_OK) {
        attempt_close(call, &multi->handles);
        call->answer.code = CURLE_OUT_OF_MEMORY;
    }
    if (call->answer.code != CURLE_OK) {
        call->state = CALL_DONE;
        return;
    }
    call->begun_at = now;
    call->deadline = now + timeout + GRACE_SECONDS;
    set_alarm(multi, call->deadline);
    link_call(&multi->running, call);
    call->freed = &multi->freed;
    call->target->busy++;
    call->target->unsent++;
    if (call->target->busy % STREAMS == 0)
        multi->freed++; /* over HTTP/2, has_room may now let one more call begin */
    multi->count++;
}

void multi_add(struct multi *multi, struct call *call, double timeout, double limit)
{
    call->state = CALL_RUNNING;
    call->extended = false;
    call->timeout = timeout;
    call->added_at = pollset_now();
    call->queue_limit = call->added_at + fmax(limit, timeout);
    if (has_room(call->target)) {
        begin(multi, call);
    } else {
        call->deadline = call->queue_limit;
        set_alarm(multi, call->deadline);
        join_queue(multi, call);
        multi->count++;
    }
    call->multi = call->state == CALL_RUNNING ? multi : NULL;
}

/* Begins an attempt of a call that is in this multi. If the attempt cannot begin, reports the call as finished. */
static void begin_later(struct multi *multi, struct call *call)
{
    call->state = CALL_RUNNING;
    begin(multi, call);
    if (call->state == CALL_DONE)
        link_call(&multi->finished, call);
}

static bool is_late(const struct call *call, double now)
{
    return call->queue_limit - now < LEAST_SHARE * (call->queue_limit - call->added_at);
}

/* Begins the queued calls whose targets have room now. */
static void advance(struct multi *multi)
{
    const double now = multi->queue ? pollset_now() : 0;
    struct call *next;

    for (struct call *call = multi->queue; call && multi->freed > 0; call = next) {
        next = call->next;
        if (!has_room(call->target) || is_late(call, now))
            continue;
        stop(multi, call);
        call->answer.queued = now - call->added_at;
        begin_later(multi, call);
        if (call->state == CALL_RUNNING)
            multi->freed--;
    }
    multi->freed = 0;
}

void multi_remove(struct call *call)
{
    struct multi *multi = call->multi;
    struct sigpipe sigpipe;

    if (!multi)
        return;
    /* after multi_close, no call is running, so the code below only unlinks this call */
    if (multi->owner != process_id() || has_lost_descriptors(multi))
        multi_close(multi);
    if (call->state == CALL_RUNNING) {
        sigpipe_block(&sigpipe);
        call->answer.ending = CANCELLED;
        stop(multi, call);
        sigpipe_restore(&sigpipe);
        if (multi->queue)
            set_alarm(multi, call->added_at); /* the alarm is due: the wait ends, and queued calls begin */
    } else {
        unlink_call(&multi->finished, call);
    }
    call->multi = NULL;
}

struct call *multi_take_finished(struct multi *multi)
{
    struct call *call = multi->finished;

    if (call) {
        unlink_call(&multi->finished, call);
        call->multi = NULL;
    }
    return call;
}

void multi_adopt_finished(struct multi *multi, struct multi *closed)
{
    struct call *call;

    while ((call = multi_take_finished(closed))) {
        call->multi = multi;
        link_call(&multi->finished, call);
    }
}

/* After a dead connection, continues the call on another connection. Returns false if the call may not continue. */
static bool go_on(struct multi *multi, struct call *call, CURLcode code)
{
    const double left = call->deadline - GRACE_SECONDS - pollset_now();

    if (!attempt_goes_on(call, code) || left <= 0)
        return false;
    stop(multi, call);
    if (call->sends > 0)
        forget_streams(call->target);
    call->wary = true;
    /* a call that was sent over HTTP/2 may share another call's connection */
    call->fresh = call->sends == 0 || call->target->http_version == 1;
    call->timeout = left;
    begin_later(multi, call);
    return true;
}

static void harvest(struct multi *multi)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(multi->curl, &left))) {
        struct call *call = NULL;
        /* removing the handle frees the message, so the code is read first */
        const CURLcode code = message->data.result;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
        if (!go_on(multi, call, code))
            finish(multi, call, code);
    }
}

static void expire_one(struct multi *multi, struct call *call, double now)
{
    if (call->deadline > now)
        set_alarm(multi, call->deadline);
    else
        finish(multi, call, CURLE_OPERATION_TIMEDOUT);
}

/*
 * Ends the calls that are past their deadline. libcurl does not end all of them: it forgets the timeout of a call that
 * waits for another call's connection.
 */
static void expire(struct multi *multi)
{
    const double now = multi->pollset.alarm < INFINITY ? pollset_now() : 0;
    struct call *next;

    if (now < multi->pollset.alarm)
        return;
    pollset_alarm(&multi->pollset, INFINITY);
    for (struct call *call = multi->running; call; call = next) {
        next = call->next;
        expire_one(multi, call, now);
    }
    for (struct call *call = multi->queue; call; call = next) {
        next = call->next;
        expire_one(multi, call, now);
    }
}

/*
 * Handles the calls whose time ended while the process was stopped or busy. If the request was sent, the call gets some
 * time to read an answer that has arrived. Without this time, the outcome of a charged request would be unknown. If the
 * request was not sent, the call ends at once, so that libcurl does not send it.
 */
static void extend_late(struct multi *multi)
{
    const double now = multi->pollset.alarm < INFINITY ? pollset_now() : 0;
    struct call *next;

    if (now < multi->pollset.alarm + LATE_SECONDS)
        return;
    for (struct call *call = multi->running; call; call = next) {
        next = call->next;
        if (call->extended || call->deadline > now)
            continue;
        if (call->sends == 0) {
            finish(multi, call, CURLE_OPERATION_TIMEDOUT);
            continue;
        }
        call->extended = true;
        call->deadline = now + READ_SECONDS;
        (void)curl_easy_setopt(call->easy, CURLOPT_TIMEOUT_MS, (long)((call->deadline - call->begun_at) * 1000));
    }
}

/*
 * Called when libcurl ran out of memory in the middle of its work, or when the system refused to watch a socket. Ends
 * all running calls with an error and makes a new curl multi, because the old multi's list of sockets is wrong now.
 * With a wrong list, libcurl 7.88 lets a call wait for ever, or divides by zero when it uses a connection again. If the
 * program has closed the descriptors, the function closes the multi instead.
 */
static void restart(struct multi *multi)
{
    if (has_lost_descriptors(multi)) {
        lose(multi);
        return;
    }
    while (multi->running) {
        multi->running->answer.ending = ABANDONED;
        finish(multi, multi->running, CURLE_OUT_OF_MEMORY);
    }
    close_curl(multi);
    if (!open_curl(multi)) {
        close_curl(multi);
        pollset_close(&multi->pollset);
        while (multi->queue)
            finish(multi, multi->queue, CURLE_OUT_OF_MEMORY);
    }
}

bool multi_run(struct multi *multi, int timeout_ms)
{
    const int before = multi->count;
    struct sigpipe sigpipe;
    bool ok;

    sigpipe_block(&sigpipe);
    extend_late(multi);
    ok = pollset_tick(&multi->pollset, multi->curl);
    harvest(multi);
    if (ok) {
        advance(multi); /* before the wait, which would delay the calls that can begin now */
        pollset_wait(&multi->pollset, multi->curl, multi->count < before ? 0 : timeout_ms);
        extend_late(multi); /* the process may have been stopped during the wait */
        ok = pollset_run(&multi->pollset, multi->curl);
    }
    harvest(multi);
    expire(multi);
    if (!ok)
        restart(multi);
    if (multi->curl)
        advance(multi);
    sigpipe_restore(&sigpipe);
    return multi->count < before;
}
