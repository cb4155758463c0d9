/* The operations of the API as data. The rows are in operations.def. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum location { QUERY = 1, BODY };

enum type { STRING = 1, INTEGER, NUMBER, BOOLEAN, OBJECT, ARRAY, MAP, FILE_PATH, ANY };

enum param_flag {
    REQUIRED = 1,
    POSITIONAL = 2,    /* may be given as a positional argument, in the order of `params` */
    EITHER = 4,        /* the request needs at least one of the parameters with this flag */
    ONE_OF = 8,        /* the request needs exactly one of the parameters with this flag */
    ALL_REQUIRED = 16, /* an absent list means "all" to the API, so the caller must pass a list or cmr.all */
    ACCEPTS_ITEM = 32, /* the caller may give one item instead of a list */
    PARAM_ASSUMED = 64,
};

struct param {
    const char *name; /* "google.clientId" is a member, "domains[]" an item, "mailboxes.*" any value of a map */
    enum location location;
    enum type type;
    unsigned flags;
    const char *source; /* "seed", "docs" or "help"; operations.def explains them */
    const char *summary;
    const char *values; /* "A|B" is the closed set of values that the vendor documents; NULL allows any value */
    const char *known;  /* "A|B" are the documented values of a set that may have other values too */
    int maximum;        /* maximum of an integer; 0 when undocumented. The minimum of every integer is 1 */
};

/* A documented fact that the caller of an operation should know. The words are ours, not the vendor's. */
struct note {
    const char *source;
    const char *text; /* NULL: the end of the list */
};

/* A refusal that the operation's own page documents. */
struct status {
    int code; /* 0: the end of the list */
    const char *source;
    const char *reason; /* without a final dot, such as "the user does not exist" */
};

enum operation_flag {
    LIST = 1,         /* answers in pages */
    ASYNC = 2,        /* accepted now and done later */
    CHARGES = 4,      /* costs money */
    DANGER = 8,       /* destroys something */
    ALL_EMPTY = 16,   /* acts on everything when its list is omitted */
    QUOTA = 32,       /* limited to a number of calls per mailbox and week */
    SAFE = 64,        /* changes nothing, although its method is not GET */
    DEPRECATED = 128, /* the vendor advises against it */
    FLIPS = 512,      /* toggles a state: two calls cancel each other out */
    FORM = 256,       /* its body is multipart form data, see request.c */
};

struct operation {
    const char *name;
    const char *method; /* NULL: not documented */
    const char *path;   /* NULL: not documented */
    const char *group;  /* the heading in the vendor's sidebar; our own heading where the vendor has none */
    const char *title;  /* the vendor's title; our own title for an operation that is not in the vendor's sidebar */
    const char *summary;
    const char *source;  /* the source of method and path */
    const char *assumed; /* a gap in the documentation, and our assumption about it; NULL when there is no gap */
    unsigned flags;
    enum location open_location; /* where undocumented fields go; 0 when the operation takes none */
    const char *items; /* where a list's items are in the answer, such as "data.users"; NULL when undocumented */
    const char *page;  /* the parameter for the number of the page; NULL when undocumented */
    const char *limit; /* the parameter for the size of a page; NULL when undocumented */
    /* the field that every item of `data` has unless the item failed; NULL when undocumented */
    const char *success_field;
    /*
     * The webhook events that report success; NULL when undocumented. "|" separates two events. A parameter may follow
     * the name of an event, as in "domain.order.success domains[]". Such an event reports one or more items of the
     * parameter. The request is done when events have reported all items. A domain that is ordered with mailboxes is
     * done when its mailboxes are done.
     */
    const char *success_events;
    const char *failure_events; /* the webhook events that report failure, as "EVENT|EVENT" */
    const struct note *notes;
    const struct status *statuses;
    const char *refusal_fields; /* "A|B" are members that a refusal may have besides the envelope's members */
    int item_seconds;           /* how many seconds the vendor may take for one item; 0 when unknown */
    const char *items_in;       /* the parameter with these items; NULL: item_seconds is for the whole request */
    const struct param *params; /* the last row has a NULL name */
};

extern const struct operation operations[];
extern const size_t operations_count;

/* Returns the row of the operation with this name, or NULL. */
const struct operation *operation_by_name(const char *name);

/* Returns the row of the parameter with this full name, or NULL. */
const struct param *operation_param(const struct operation *operation, const char *name);

/*
 * The places for the undocumented fields and for the userId of a request. The operation's row names them, but an entry
 * of the option `endpoints` may change them.
 */
struct placement {
    enum location open; /* where undocumented fields go; 0 when the operation takes none */
    enum location user; /* where the option `endpoints` puts userId; 0 when the parameter's row decides */
};

/* Returns whether a field goes into the query or into the body. */
enum location param_location(const struct param *param, const struct placement *placement);

/* Returns whether a parameter is a field of the request itself. Otherwise it is a part of another parameter. */
bool param_is_field(const struct param *param);

/*
 * Returns the next value of a set like "A|B", or NULL at the end. Sets *length to the length of the value, and moves
 * *set past the value.
 */
const char *set_next(const char **set, size_t *length);

/* Returns whether a set like "A|B" has this value. */
bool set_has(const char *set, const char *value, size_t length);

/* Returns the name of a type for error messages and for the reference. */
const char *type_name(enum type type);
