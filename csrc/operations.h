/* The API's operations as data. The rows are in operations.def; everything else is derived from them. */
#ifndef CMR_OPERATIONS_H
#define CMR_OPERATIONS_H

#include <stdbool.h>
#include <stddef.h>

enum place { QUERY = 1, BODY };

enum type { STRING = 1, INTEGER, NUMBER, BOOLEAN, OBJECT, ARRAY, MAP, ANY };

enum param_flag {
    REQUIRED = 1,
    POSITIONAL = 2,  /* may be given as a leading scalar, in row order */
    EITHER = 4,      /* at least one of the parameters so marked */
    ONE_OF = 8,      /* exactly one of the parameters so marked */
    EVERYTHING = 16, /* a list that means everything when left out: cmr.all must say so */
    OR_ITEM = 32,    /* one item may stand for a list of it */
    PARAM_ASSUMED = 64,
};

struct param {
    const char *name; /* "google.clientId" a member, "domains[]" an item, "mailboxes.*" any value of a map */
    enum place place;
    enum type type;
    unsigned flags;
    const char *source; /* "seed", "docs" or "help" */
    const char *summary;
    const char *values; /* "A|B": the closed set the vendor documents; NULL: anything */
};

enum operation_flag {
    LIST = 1,         /* answers in pages */
    ASYNC = 2,        /* accepted now, done later: the outcome comes as a webhook */
    CHARGES = 4,      /* costs money */
    DANGER = 8,       /* destroys something */
    ALL_EMPTY = 16,   /* means everything when its list is left out */
    QUOTA = 32,       /* limited per mailbox and week */
    SAFE = 64,        /* changes nothing, although not a GET */
    DEPRECATED = 128, /* the vendor advises against it */
    FORM = 256,       /* multipart form data: not built while no path is known to try it on */
};

struct operation {
    const char *name;
    const char *method; /* NULL: not documented */
    const char *path;   /* NULL: not documented */
    const char *group;  /* the vendor's sidebar, or ours where it has none */
    const char *title;  /* the vendor's, or ours for what is not in the sidebar */
    const char *summary;
    const char *source;  /* of method and path */
    const char *assumed; /* what the documents leave open and how it was read; NULL: nothing */
    unsigned flags;
    enum place rest;   /* where fields go that no row knows, when the documents leave names open; 0: there are none */
    const char *items; /* of a list: where the items are in the answer, as in "data.users"; NULL: not documented */
    const char *page;  /* the parameters that choose a page; NULL: not documented */
    const char *limit;
    const char *complete; /* what every item of data has that did not fail inside a success; NULL: not documented */
    /* The webhooks that say it is done, "EVENT|EVENT PARAMETER": one for each item of the parameter, and of several the
       first whose parameter was sent. NULL: none is documented. */
    const char *settles;
    const char *fails;          /* "EVENT|EVENT": those that say it failed */
    const struct param *params; /* ends with a NULL name */
};

extern const struct operation operations[];
extern const size_t operations_count;

/* The row of an operation by its name, or NULL. */
const struct operation *operation_by_name(const char *name);

/* The row of a parameter by its full name, or NULL. */
const struct param *operation_param(const struct operation *operation, const char *name);

/* Whether a parameter is a field of the request itself, and not a part of another one. */
bool param_is_field(const struct param *param);

/* Steps through a set like "A|B": returns the next value and its length, or NULL at the end. Moves *set on. */
const char *set_next(const char **set, size_t *length);

/* The name of a type as error messages and the reference say it. */
const char *type_name(enum type type);

#endif
