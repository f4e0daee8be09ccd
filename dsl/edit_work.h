/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the edits are made of: the old text's tree, the splices that are collected, and the
 * places where statements go and come from. Internal to this room; see edit.h.
 */
#pragma once

#include "dsl/edit.h"
#include "dsl/splice.h"
#include "dsl/syntax.h"

/* A statement that goes. */
struct removed {
    struct removed *next;
    const struct syntax *statement;
};

struct edit {
    struct arena *arena;
    const char *text;
    const struct tree *tree;
    struct splices splices;
    struct removed *removed; /* in the order of the text */
    struct edit_result *result;
};

/* Names of services, sorted, ranges written out. */
struct names {
    const char **list;
    int n_list;
};

void edit_say(struct edit *edit, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* edit_place.c: bytes and lines. A statement's comment on its last line belongs to it. */
int edit_from(const struct tree *tree, const struct syntax *node);
int edit_to(const struct tree *tree, const struct syntax *node);
/* Puts the statement's new words in its place, laid out; comments of the old one that are not
 * in the new words go above it. */
bool edit_rewrite(struct edit *edit, const struct syntax *statement, const char *words,
                  struct err *err);
/* Puts a statement behind another, on a line of its own; NULL: at the end of the text. */
bool edit_insert(struct edit *edit, const struct syntax *behind, const char *words,
                 struct err *err);
/* It happens when the edit is finished, for those that meet at once. */
void edit_remove(struct edit *edit, const struct syntax *statement);
void edit_finish(struct edit *edit);
/* What goes with some statements in a row: whole lines where nothing else is on them. */
void edit_removal(const struct tree *tree, const struct syntax *first, const struct syntax *last,
                  int *from, int *to);
/* A text of its own, with its tree; NULL with err if it is not one statement or has a slip. */
struct tree *edit_piece(struct arena *arena, const char *words, struct err *err);
char *edit_join(struct arena *arena, const char *const *words, int n_words);
const char *edit_source(const struct edit *edit, int from, int to);
/* The last statement of that kind; of SYNTAX_RULE disabled ones too. NULL if there is none. */
const struct syntax *edit_last(const struct edit *edit, enum syntax_kind kind);
/* The last statement that comes before services and rules in the order people write. */
const struct syntax *edit_last_before_services(const struct edit *edit);

/* edit_settings.c: the words of a statement with settings set or unset; NULL with err. */
char *edit_with_settings(struct edit *edit, const struct tree *tree, const struct syntax *statement,
                         const struct edit_request *request, struct err *err);
/* "HEAD { ... }" of a new statement. */
char *edit_new_statement(struct edit *edit, const char *head, const struct edit_request *request,
                         struct err *err);
bool edit_witness(struct edit *edit, const struct edit_request *request, struct err *err);

/* edit_names.c: sets of services and the lists that name them. */
bool names_read(struct edit *edit, const char *words, struct names *names, struct err *err);
bool names_have(const struct names *names, const char *name);
/* How many of the services that the word stands for are among the names; patterns: none. */
int names_count(const struct names *names, const char *word, int *of);
/* The list without the names, or with them alone; "" if nothing is left. */
const char *names_filter(struct edit *edit, const struct syntax *list, const struct names *names,
                         bool is_keeping);

bool edit_service_add(struct edit *edit, const struct edit_request *request, struct err *err);
bool edit_service_change(struct edit *edit, const struct edit_request *request, struct err *err);
bool edit_service_remove(struct edit *edit, const struct edit_request *request, struct err *err);
bool edit_rule(struct edit *edit, const struct edit_request *request, struct err *err);
/* Takes services out of every rule that names them; false if something else names one. */
bool edit_forget(struct edit *edit, const struct names *names, struct err *err);
