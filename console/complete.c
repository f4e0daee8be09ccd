/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The words that may come next; see complete.h. */
#include "console/complete.h"

#include <stdlib.h>
#include <string.h>

#include "console/agents.h"
#include "console/client.h"
#include "console/line.h"
#include "console/verb.h"
#include "dsl/diagnostic.h"
#include "ha/base/arena.h"
#include "ha/base/json.h"

/* An agent that is well answers in a few milliseconds. */
#define PATIENCE_MS 1000
/* More would scroll the screen away; whoever has so many services types another letter. */
#define WORDS_MAX 4096

struct list {
    char **words;
    int n_words;
    const char *prefix;
};

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list_add(struct list *list, const char *word, size_t length)
{
    size_t typed = strlen(list->prefix);

    if (length < typed || strncmp(word, list->prefix, typed) != 0 || list->n_words == WORDS_MAX)
        return;
    for (int i = 0; i < list->n_words; i++) {
        if (strlen(list->words[i]) == length && strncmp(list->words[i], word, length) == 0)
            return;
    }
    list->words = xrealloc(list->words, sizeof(char *) * (size_t)(list->n_words + 2));
    list->words[list->n_words] = xcalloc(length + 1, 1);
    memcpy(list->words[list->n_words++], word, length);
    list->words[list->n_words] = NULL;
}

/* The first word of every verb, or the second ones of that family. */
static void add_verbs(struct list *list, const char *family)
{
    for (int i = 0; i < VERBS; i++) {
        const char *name = verb_table[i].name, *blank = strchr(name, ' ');

        if (verb_table[i].help[0] == '\0')
            continue;
        if (!family)
            list_add(list, name, strcspn(name, " "));
        else if (blank && strlen(family) == (size_t)(blank - name) &&
                 strncmp(name, family, strlen(family)) == 0)
            list_add(list, blank + 1, strlen(blank + 1));
    }
}

static void add_options(struct list *list, const struct verb *verb)
{
    const char *at = verb->arguments;
    struct verb_argument argument;

    while (verb_next_argument(&at, &argument)) {
        if (argument.option[0])
            list_add(list, argument.option, strlen(argument.option));
    }
    list_add(list, "--json", strlen("--json"));
}

/* "on|off" */
static void add_choices(struct list *list, const char *choices)
{
    while (*choices) {
        size_t length = strcspn(choices, "|");

        list_add(list, choices, length);
        choices += length + (choices[length] == '|');
    }
}

static void add_names(struct list *list, char **names)
{
    for (char **name = names; name && *name; name++) {
        list_add(list, *name, strlen(*name));
        free(*name);
    }
    free(names);
}

/* The kind of the argument that comes after these words of a verb; "" for none. */
static void next_kind(const struct verb *verb, int n_words, char *const *words, char kind[64])
{
    struct verb_argument argument;
    int position = 0;

    kind[0] = '\0';
    for (int i = 0; i < n_words; i++) {
        bool is_known = verb_find_option(verb, words[i], &argument);

        if (strncmp(words[i], "--", 2) != 0 && !is_known)
            position++;
        else if (is_known && argument.kind[0] && !argument.value_is_optional && ++i == n_words)
            memcpy(kind, argument.kind, sizeof(argument.kind));
    }
    if (!kind[0] && verb_find_argument(verb, position, &argument))
        memcpy(kind, argument.kind, sizeof(argument.kind));
}

static bool add_arguments(struct list *list, const struct verb *verb, const struct line *line,
                          int taken, complete_names *ask, void *context)
{
    char kind[64];

    next_kind(verb, line->n_words - taken, line->words + taken, kind);
    if (list->prefix[0] == '-') {
        add_options(list, verb);
    } else if (verb->id == VERB_HELP && line->n_words - taken < 2) {
        add_verbs(list, line->n_words > taken ? line->words[taken] : NULL);
    } else if (strcmp(kind, "CODE") == 0) {
        for (int i = 0; i < DIAGNOSTIC_CODES; i++)
            list_add(list, diagnostic_code_name((enum diagnostic_code)i), strlen("T0000"));
    } else if (strcmp(kind, "NODE") == 0 || strcmp(kind, "SERVICE") == 0 ||
               strcmp(kind, "AGENT") == 0) {
        add_names(list, ask(context, kind));
    } else if (strchr(kind, '|')) {
        add_choices(list, kind);
    } else if (kind[0] == '\0') {
        add_options(list, verb);
    }
    return strcmp(kind, "FILE") == 0 && list->prefix[0] != '-';
}

struct completions complete_word(const char *before, const char *word, complete_names *ask,
                                 void *context)
{
    struct completions result = {.words = NULL};
    struct list list = {.prefix = word};
    const struct verb *verb;
    struct line line;
    int taken = 0;

    if (line_split(&line, before, NULL)) {
        verb = line.n_words > 0 ? verb_find(line.n_words, line.words, &taken, NULL) : NULL;
        /* "agents" is a verb, and "agents show" is another. */
        if (verb && line.n_words == 1)
            add_verbs(&list, line.words[0]);
        if (verb)
            result.is_file = add_arguments(&list, verb, &line, taken, ask, context);
        else if (line.n_words < 2)
            add_verbs(&list, line.n_words > 0 ? line.words[0] : NULL);
        if (line.n_words == 0)
            list_add(&list, "exit", strlen("exit"));
    }
    line_fini(&line);
    if (list.n_words > 0)
        qsort(list.words, (size_t)list.n_words, sizeof(char *), by_text);
    result.words = list.words;
    return result;
}

void completions_fini(struct completions *completions)
{
    for (char **word = completions->words; word && *word; word++)
        free(*word);
    free(completions->words);
    completions->words = NULL;
}

static char **collect(struct client *client, const char *member)
{
    struct list list = {.prefix = ""};
    json_t *message = NULL;

    while (client_next(client, PATIENCE_MS, &message, NULL) == CLIENT_MESSAGE) {
        const json_t *row = json_object_get(message, "row");
        const char *name = json_text(row, member, NULL);

        if (name)
            list_add(&list, name, strlen(name));
        json_decref(message);
        if (!row)
            break;
    }
    return list.words;
}

/* Of OCF and fence agents: what is installed, without asking any of them. */
static char **installed_agents(const struct settings *settings)
{
    struct metadata *metadata = agents_open(settings, PATIENCE_MS);
    const struct catalog *catalog = metadata_catalog(metadata);
    struct list list = {.prefix = ""};
    const char *const *names;
    int n_names = catalog->list(catalog->context, &names);

    for (int i = 0; i < n_names; i++)
        list_add(&list, names[i], strlen(names[i]));
    metadata_free(metadata);
    return list.words;
}

static char **ask_agent(const struct settings *settings, const char *kind)
{
    bool is_node = strcmp(kind, "NODE") == 0;
    enum control_exit why;
    struct client *client = client_open(settings->socket, PATIENCE_MS, &why, NULL);
    autojson *request =
        json_pack("{s:s, s:[]}", "verb", is_node ? "cluster nodes" : "ha status", "args");
    char **names = NULL;

    if (client && client_send(client, request, NULL))
        names = collect(client, is_node ? "node" : "service");
    client_close(client);
    return names;
}

char **complete_names_known(void *context, const char *kind)
{
    return strcmp(kind, "AGENT") == 0 ? installed_agents(context) : ask_agent(context, kind);
}
