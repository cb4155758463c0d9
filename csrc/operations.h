/* The API's operations as data. The rows are in operations.def; everything else is made from them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum location { QUERY = 1, BODY };

enum type { STRING = 1, INTEGER, NUMBER, BOOLEAN, OBJECT, ARRAY, MAP, FILE_PATH, ANY };

enum param_flag {
    REQUIRED = 1,
    POSITIONAL = 2,    /* may be given as a leading scalar, in row order */
    EITHER = 4,        /* at least one of the parameters so marked */
    ONE_OF = 8,        /* exactly one of the parameters so marked */
    ALL_REQUIRED = 16, /* a list whose absence would mean all of them: the caller must pass cmr.all for that */
    ACCEPTS_ITEM = 32, /* one item may be given in place of a list */
    PARAM_ASSUMED = 64,
};

struct param {
    const char *name; /* "google.clientId": a member; "domains[]": an item; "mailboxes.*": any value of a map */
    enum location location;
    enum type type;
    unsigned flags;
    const char *source; /* "seed", "docs" or "help" */
    const char *summary;
    const char *values; /* "A|B": the closed set the vendor documents; NULL: anything */
    const char *known;  /* "A|B": the documented values of a set that may have others */
    int maximum;        /* of an integer; 0: none is documented. Every integer counts something, from 1 */
};

/* A documented fact that the caller of an operation should know, in one or two sentences that are not the vendor's. */
struct note {
    const char *source;
    const char *text; /* NULL: the end of the list */
};

/* A refusal that the operation's own page documents. */
struct status {
    int code; /* 0: the end of the list */
    const char *source;
    const char *reason; /* without a dot, as in "the user does not exist" */
};

enum operation_flag {
    LIST = 1,         /* answers in pages */
    ASYNC = 2,        /* accepted now, done later: the outcome comes as a webhook */
    CHARGES = 4,      /* costs money */
    DANGER = 8,       /* destroys something */
    ALL_EMPTY = 16,   /* acts on everything when its list is left out */
    QUOTA = 32,       /* limited per mailbox and week */
    SAFE = 64,        /* changes nothing, although not a GET */
    DEPRECATED = 128, /* the vendor advises against it */
    FLIPS = 512,      /* turns a state around: twice is as if never */
    FORM = 256,       /* its body is multipart form data: see request.c */
};

struct operation {
    const char *name;
    const char *method; /* NULL: not documented */
    const char *path;   /* NULL: not documented */
    const char *group;  /* in the vendor's sidebar, or our own where it has none */
    const char *title;  /* the vendor's, or our own for an operation that is not in the sidebar */
    const char *summary;
    const char *source;  /* of method and path */
    const char *assumed; /* a gap in the documentation, and how we read it; NULL: none */
    unsigned flags;
    enum location open_location; /* where undocumented fields go; 0: there can be none */
    const char *items; /* of a list: where the items are in the answer, as in "data.users"; NULL: not documented */
    const char *page;  /* the parameters that choose a page; NULL: not documented */
    const char *limit;
    const char *success_field; /* of an item of data: an item without it failed; NULL: not documented */
    /* The webhooks that report success, "EVENT PARAMETER|EVENT": one for each item of each parameter that was sent. A
       domain with mailboxes is done when they are. NULL: none is documented. */
    const char *success_events;
    const char *failure_events; /* "EVENT|EVENT": the webhooks that report failure */
    const struct note *notes;
    const struct status *statuses;
    const char *refusal_fields; /* "A|B": members that a refusal may have besides the envelope's */
    int item_seconds; /* the vendor may take so long for one item of items_in, or for a request without it; 0: no hint */
    const char *items_in;
    const struct param *params; /* ends with a NULL name */
};

extern const struct operation operations[];
extern const size_t operations_count;

/* The row of an operation by its name, or NULL. */
const struct operation *operation_by_name(const char *name);

/* The row of a parameter by its full name, or NULL. */
const struct param *operation_param(const struct operation *operation, const char *name);

/* Where the fields of a request go that the row does not settle. */
struct placement {
    enum location open; /* undocumented fields; 0: there can be none */
    enum location user; /* userId; 0: where the row says */
};

/* Where a field goes. */
enum location param_location(const struct param *param, const struct placement *placement);

/* Whether a parameter is a field of the request itself, and not a part of another one. */
bool param_is_field(const struct param *param);

/* Steps through a set like "A|B": returns the next value and its length, or NULL at the end. Moves *set on. */
const char *set_next(const char **set, size_t *length);

/* Whether a set like "A|B" has this value. */
bool set_has(const char *set, const char *value, size_t length);

/* The name of a type in error messages and in the reference. */
const char *type_name(enum type type);
