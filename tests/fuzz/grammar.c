/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From a row's usage to a statement. In a usage, "[...]" may be left out, "a|b" is one of both,
 * words in capitals stand for what is made here, and ", or: " parts whole other ways; what
 * stands between braces is an example, and any statements of that block are written instead.
 */
#include "tests/fuzz/grammar.h"

#include <ctype.h>
#include <string.h>

#include "dsl/example_agents.h"
#include "dsl/parser.h"

#define DEPTH_MAX 3

static const char *const types[] = {
#define SERVICE_TYPE(name, ...) name,
#include "dsl/service_type.def"
#undef SERVICE_TYPE
};

#define PICK(grammar, list)                                                                        \
    ((list)[random_below(&(grammar)->random, (int)(sizeof(list) / sizeof((list)[0])))])

static void know(struct names_known *names, const char *name)
{
    if (names->n_list < 64)
        names->list[names->n_list++] = name;
}

static void learn_names(struct grammar *g, const struct tree *tree, const struct syntax *node)
{
    for (const struct syntax *at = node->child; at; at = at->next) {
        const char *text = at->kind == SYNTAX_NAME ? syntax_text(tree, at) : NULL;

        learn_names(g, tree, at);
        if (text && strchr(text, ':'))
            know(&g->services, text);
        else if (text && (node->kind == SYNTAX_NODE || node->kind == SYNTAX_LET))
            know(&g->nodes, text);
        else if (text)
            know(&g->others, text);
    }
}

void grammar_learn(struct grammar *g, const struct tree *tree)
{
    learn_names(g, tree, tree->policy);
}

static const char *one_of(struct grammar *g, const struct names_known *names, const char *other)
{
    if (names->n_list == 0 || random_chance(&g->random, 10))
        return other;
    return names->list[random_below(&g->random, names->n_list)];
}

static const char *make_number(struct grammar *g)
{
    static const char *const odd[] = {"0",   "-1",      "32",         "33",
                                      "0.5", "1000000", "4294967296", "99999999999999999999",
                                      "1e3", "007"};

    return random_chance(&g->random, 15)
               ? PICK(g, odd)
               : arena_printf(g->arena, "%d", random_below(&g->random, 9));
}

static const char *make_duration(struct grammar *g)
{
    static const char *const units[] = {"s", "s", "s", "m", "ms", "h", "d", "", "min"};
    static const char *const numbers[] = {"1",  "2",  "5",  "10",  "15", "20",
                                          "30", "60", "90", "500", "0",  "9999999999999"};

    return arena_printf(g->arena, "%s%s", PICK(g, numbers), PICK(g, units));
}

static const char *make_address(struct grammar *g)
{
    int number = random_below(&g->random, 20);

    return arena_printf(g->arena, random_chance(&g->random, 80) ? "10.0.0.%d" : "fd00::%x", number);
}

static const char *make_node(struct grammar *g)
{
    static const char *const usual[] = {"alpha", "beta", "gamma", "n[1..3]", "lowest", "all"};

    return one_of(g, &g->nodes, PICK(g, usual));
}

static const char *make_service(struct grammar *g)
{
    static const char *const usual[] = {"ocf:web", "vm:db[1..3]", "vm:*", "ip:a", "ocf:a*", "ct:1"};

    return one_of(g, &g->services, PICK(g, usual));
}

static const char *make_name(struct grammar *g)
{
    static const char *const usual[] = {"a", "b", "web", "a-b", "then", "ipmi", "port"};

    return one_of(g, &g->others, random_chance(&g->random, 30) ? make_node(g) : PICK(g, usual));
}

static const char *make_list(struct grammar *g, const char *(*make)(struct grammar *g))
{
    const char *list = make(g);

    while (random_chance(&g->random, 30))
        list = arena_printf(g->arena, "%s, %s", list, make(g));
    return list;
}

static const char *make_value(struct grammar *g)
{
    static const char *const usual[] = {
        "1",   "yes", "\"a # b; $name { }\"", "\"$type\"", "\"\"", "secret key", "/dev/sda",
        "a;b", "x#y", "\"\\\"\\n\"",          "fe80::1"};

    return PICK(g, usual);
}

/* Of the agents that can be asked, if there is one: it knows which parameters are right. */
static const char *make_agent(struct grammar *g)
{
    const char *const *names;
    int n_names = example_agents.list(example_agents.context, &names);

    return n_names > 0 ? names[random_below(&g->random, n_names)] : "heartbeat:x";
}

static const char *make_key(struct grammar *g)
{
    static const char *const keys[] = {
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE52bwmemAwe2JFkJxtHDTLTMFY6xvhm86RhRrtCm7cf",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE52bwmemAwe2JFkJxtHDTLTMFY6xvhm86RhRrtCm7cf jin",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", "ssh-dss AAAA", "x"};

    return PICK(g, keys);
}

static const char *make_event(struct grammar *g)
{
    static const char *const events[] = {"fence", "error", "quorum", "node", "policy", "service"};

    return PICK(g, events);
}

/* Whatever reads files for a target knows these. */
static const char *make_file(struct grammar *g)
{
    static const char *const files[] = {"a", "other", "none", "conflict", "strange", "wrong"};

    return PICK(g, files);
}

static const char *make_state(struct grammar *g)
{
    static const char *const states[] = {
#define STATE(id, name, ...) name,
#include "ha/model/node_state.def"
#include "ha/model/service_state.def"
#undef STATE
    };

    return PICK(g, states);
}

/* What a drill does at some time is a statement as well. */
static const char *make_command(struct grammar *g)
{
    struct page page = {0};
    char *words;

    page_say(&page, "");
    grammar_write(g, &page, IN_DRILL);
    words = arena_strdup(g->arena, page.bytes);
    page_free(&page);
    return words;
}

static const char *make_sentence(struct grammar *g)
{
    static const char *const ends[] = {"together", "apart", "on", "before"};
    const char *first = make_list(g, make_service), *end = PICK(g, ends);

    if (strcmp(end, "before") == 0)
        return arena_printf(g->arena, "start %s before %s", first, make_list(g, make_service));
    if (strcmp(end, "on") == 0)
        return arena_printf(
            g->arena, "%s %s on %s%s%s", random_chance(&g->random, 50) ? "keep" : "try", first,
            make_list(g, make_node), random_chance(&g->random, 30) ? ", then " : "", make_node(g));
    return arena_printf(g->arena, "%s %s, %s %s", random_chance(&g->random, 50) ? "keep" : "try",
                        first, make_list(g, make_service), end);
}

static const struct {
    const char *what;
    const char *(*make)(struct grammar *g);
} makers[] = {
    {"NODE", make_node},         {"SERVICE", make_service}, {"COUNT", make_number},
    {"NUMBER", make_number},     {"N", make_number},        {"SEED", make_number},
    {"DURATION", make_duration}, {"T", make_duration},      {"ADDRESS", make_address},
    {"NAME", make_name},         {"VALUE", make_value},     {"STATE", make_state},
    {"SENTENCE", make_sentence}, {"COMMAND", make_command}, {"FILE", make_file},
    {"AGENT", make_agent},       {"KEY", make_key},         {"EVENT", make_event},
};

const char *grammar_make(struct grammar *g, const char *what)
{
    if (strcmp(what, "NODES") == 0)
        return make_list(g, make_node);
    if (strcmp(what, "SERVICES") == 0)
        return make_list(g, make_service);
    if (strcmp(what, "TYPE") == 0)
        return PICK(g, types);
    if (strcmp(what, "PREFIX") == 0)
        return arena_printf(g->arena, "%d", random_below(&g->random, 40));
    if (strcmp(what, "SIZE") == 0)
        return arena_printf(g->arena, "%s%c", make_number(g), "MGTKx"[random_below(&g->random, 5)]);
    for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
        if (strcmp(what, makers[i].what) == 0)
            return makers[i].make(g);
    }
    return make_name(g);
}

/* One of the parts between these marks; the usage's end is theirs. */
static const char *choose(struct grammar *g, const char *from, size_t length, const char *mark)
{
    const char *whole = arena_strndup(g->arena, from, length);
    const char *chosen = whole;
    int n_seen = 1;

    for (const char *at = strstr(whole, mark); at; at = strstr(at + 1, mark)) {
        if (random_below(&g->random, ++n_seen) == 0)
            chosen = at + strlen(mark);
    }
    length = strstr(chosen, mark) ? (size_t)(strstr(chosen, mark) - chosen) : strlen(chosen);
    return arena_strndup(g->arena, chosen, length);
}

/* A word of a usage: what is in capitals is made, the rest stays. */
static void write_word(struct grammar *g, struct page *page, const char *word)
{
    /* The name of an agent is one word, whatever it is made of. */
    if (strcmp(word, "PROVIDER:NAME") == 0 || strcmp(word, "fence_NAME") == 0)
        word = random_chance(&g->random, 80) ? make_agent(g) : word;
    while (*word) {
        size_t length = 0;

        while (isupper((unsigned char)word[length]))
            length++;
        if (length > 0)
            page_say(page, grammar_make(g, arena_strndup(g->arena, word, length)));
        else
            page_add(page, word, length = 1);
        word += length;
    }
}

static void write_block(struct grammar *g, struct page *page, unsigned block)
{
    bool is_one_line = random_chance(&g->random, 60);
    int n_statements = random_below(&g->random, 5);

    page_say(page, is_one_line ? "{ " : "{\n");
    for (int i = 0; i < n_statements && g->depth < DEPTH_MAX; i++) {
        grammar_write(g, page, block);
        page_say(page, is_one_line ? "; " : "\n");
    }
    page_say(page, "}");
}

static void write_usage(struct grammar *g, struct page *page, enum syntax_kind kind,
                        const char *usage)
{
    while (*usage) {
        size_t length = strcspn(usage, " []{}");
        const char *word = arena_strndup(g->arena, usage, length);

        if (length == 1 && *word == '|')
            page_say(page, "|");
        else if (length > 0)
            write_word(g, page, choose(g, word, length, "|"));
        usage += length;
        if (*usage == '[' && random_chance(&g->random, 50))
            usage += strcspn(usage, "]");
        if (*usage == '{') {
            write_block(g, page, parser_block_of(kind));
            usage += strcspn(usage, "}");
        }
        if (*usage == ' ')
            page_say(page, " ");
        usage += *usage != '\0';
    }
}

static void write_kind(struct grammar *g, struct page *page, enum syntax_kind kind)
{
    const char *usage = syntax_usage(kind);

    g->depth++;
    if (strstr(usage, ", or: "))
        usage = choose(g, usage, strlen(usage), ", or: ");
    /* "expect A, B, C" are three ways; in other rows it is a list. */
    else if (random_chance(&g->random, 50))
        usage = choose(g, usage, strlen(usage), ", ");
    if (strncmp(usage, syntax_word(kind), strlen(syntax_word(kind))) != 0) {
        page_say(page, syntax_word(kind));
        page_say(page, " ");
    }
    write_usage(g, page, kind, usage);
    g->depth--;
}

void grammar_write(struct grammar *g, struct page *page, unsigned block)
{
    enum syntax_kind fitting[SYNTAX_KINDS];
    int n_fitting = 0;

    for (int kind = 0; kind < SYNTAX_KINDS; kind++) {
        if (syntax_blocks((enum syntax_kind)kind) & block)
            fitting[n_fitting++] = (enum syntax_kind)kind;
    }
    if (n_fitting > 0)
        write_kind(g, page, fitting[random_below(&g->random, n_fitting)]);
}
