/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random policies that are right; see random_policy.h. */
#include "tests/unit/dsl/random_policy.h"

#include <string.h>

#include "dsl/page.h"
#include "ha/base/random.h"

#define UNITS_MAX 8
#define PIECES_MAX 64
/* What setting() knows. */
#define SETTINGS 15

/* A service statement: one service, two, or a range of them. */
struct unit {
    char *names;
    bool is_placed; /* by its own block or a rule; there must be but one */
};

struct writer {
    struct arena *arena;
    struct random random;
    struct page page;
    struct unit units[UNITS_MAX];
    int n_units;
    int n_nodes;
    int n_comments;
    size_t ends[PIECES_MAX]; /* of the statements, with what is behind them */
    int n_ends;
};

static int pick(struct writer *w, int limit)
{
    return random_below(&w->random, limit);
}

static void say(struct writer *w, const char *words)
{
    page_say(&w->page, words);
}

static void blanks(struct writer *w)
{
    static const char *const some[] = {" ", " ", " ", "  ", "    ", "\t", " \t "};

    say(w, some[pick(w, 7)]);
}

/* Words with blanks of any kind between them. */
static void say_words(struct writer *w, const char *words)
{
    while (*words) {
        size_t length = strcspn(words, " ");

        page_add(&w->page, words, length);
        words += length;
        if (*words == ' ') {
            blanks(w);
            words++;
        }
    }
}

static void comment(struct writer *w)
{
    say(w, arena_printf(w->arena, "# comment %d, \"with\" { odd; signs", w->n_comments++));
}

static void end_line(struct writer *w)
{
    if (random_chance(&w->random, 20))
        blanks(w);
    if (random_chance(&w->random, 15))
        comment(w);
    say(w, "\n");
}

/* Between two statements: blank lines, comments on lines of their own. */
static void gap(struct writer *w)
{
    while (random_chance(&w->random, 35)) {
        if (random_chance(&w->random, 30))
            blanks(w);
        if (random_chance(&w->random, 40))
            comment(w);
        say(w, "\n");
    }
    if (random_chance(&w->random, 10))
        blanks(w);
}

static void end_statement(struct writer *w)
{
    if (random_chance(&w->random, 10))
        say(w, " ;  ");
    else
        end_line(w);
    gap(w);
    w->ends[w->n_ends++] = w->page.length;
}

/* Some of these settings, on one line or each on its own, some with comments behind or above. */
static void some_settings(struct writer *w, const char *const *settings, int n_settings)
{
    bool is_one_line = random_chance(&w->random, 40);

    say(w, "{");
    for (int i = 0; i < n_settings; i++) {
        if (!random_chance(&w->random, 50))
            continue;
        if (is_one_line) {
            blanks(w);
        } else {
            end_line(w);
            gap(w);
        }
        say_words(w, settings[i]);
        say(w, is_one_line || random_chance(&w->random, 10) ? ";" : "");
    }
    if (!is_one_line)
        end_line(w);
    say(w, "}");
}

/* What a policy says beside nodes, services and rules; each of them may be left out. */
static void surroundings(struct writer *w)
{
    static const struct {
        const char *head;
        const char *const settings[6];
        int n_settings;
    } some[] = {
        {"quorum ",
         {"wait-for-all yes ; tie-breaker n1", "last-man-standing no",
          "witness 10.9.9.9 lms # who decides\n"},
         3},
        {"fencing ",
         {"watchdog 10s", "storm 2 per 10m", "quarantine none",
          "device ipmi { agent fence_ipmilan; fences n0; set ip 10.0.9.1; set password secret one "
          "}",
          "device both { agent fence_y ; set a \"b # c $d\" ;set p secret q; level 1; fences "
          "n1,\n # two\n n2 }",
          "device pdu {\n agent fence_apc # which\n\n fences n1, n2\n level 2; delay 2s ; retry "
          "0\n}"},
         6},
        {"scheduling ",
         {"mode static", "workers 3", "rebalance on start", "method topsis", "improve 0.2"},
         5},
        {"access ",
         {"admin jin key \"ssh-ed25519 "
          "AAAAC3NzaC1lZDI1NTE5AAAAIE52bwmemAwe2JFkJxtHDTLTMFY6xvhm86RhRrtCm7cf\""},
         1},
    };

    for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
        if (!random_chance(&w->random, 30))
            continue;
        say_words(w, some[i].head);
        some_settings(w, some[i].settings, some[i].n_settings);
        end_statement(w);
    }
    if (random_chance(&w->random, 20)) {
        say_words(
            w,
            "alert pager { run \"/usr/bin/page\" -s \"it says; # \"; on fence,\n error, quorum }");
        end_statement(w);
    }
    if (random_chance(&w->random, 20)) {
        say_words(w, "shutdown migrate");
        end_statement(w);
    }
}

static void nodes(struct writer *w)
{
    w->n_nodes = 3 + pick(w, 4);
    for (int i = 0; i < w->n_nodes; i++) {
        say_words(w, arena_printf(w->arena, "node n%d { address 10.0.0.%d", i, i + 1));
        if (random_chance(&w->random, 30))
            say_words(w, "; cpus 4");
        say_words(w, " }");
        end_statement(w);
    }
}

static char *node_list(struct writer *w)
{
    int first = pick(w, w->n_nodes - 1);

    if (random_chance(&w->random, 30))
        return arena_printf(w->arena, "fast");
    return arena_printf(w->arena, "n%d%sn%d", first,
                        random_chance(&w->random, 50) ? ", " : " then ", first + 1);
}

static const char *setting(struct writer *w, int which)
{
    switch (which) {
    case 0: return arena_printf(w->arena, "restart %d", pick(w, 9));
    case 1: return arena_printf(w->arena, "relocate %d", pick(w, 9));
    case 2: return arena_printf(w->arena, "set port \"%d\"", pick(w, 999));
    case 3: return "monitor every 5s timeout 20s";
    case 4: return "migrate never";
    case 5: return "migrate timeout 3m";
    case 6: return "set text \"a # b; $name { }\"";
    case 7: return "failback no";
    case 8: return arena_printf(w->arena, "priority %d", pick(w, 2001) - 1000);
    case 9: return "state stopped";
    case 10: return "cpus 0.5";
    case 11: return "memory 512M";
    case 12: return "recover within 20m";
    case 13: return "start timeout 90s";
    default: return "set key secret one";
    }
}

static void block(struct writer *w, struct unit *unit)
{
    bool is_one_line = random_chance(&w->random, 40);

    say_words(w, " {");
    blanks(w);
    if (!is_one_line)
        end_line(w);
    say_words(w, "agent heartbeat:x");
    for (int which = 0; which < SETTINGS; which++) {
        if (!random_chance(&w->random, 20))
            continue;
        say(w, is_one_line ? ";" : "");
        if (!is_one_line) {
            end_line(w);
            gap(w);
        }
        blanks(w);
        say_words(w, setting(w, which));
    }
    if (random_chance(&w->random, 30)) {
        say(w, is_one_line ? ";" : "\n");
        blanks(w);
        say_words(w, arena_printf(w->arena, "try on %s", node_list(w)));
        unit->is_placed = true;
    }
    if (!is_one_line)
        end_line(w);
    say_words(w, " }");
}

static void services(struct writer *w)
{
    w->n_units = pick(w, UNITS_MAX + 1);
    for (int i = 0; i < w->n_units; i++) {
        struct unit *unit = &w->units[i];
        int shape = pick(w, 4);

        unit->names = arena_printf(w->arena,
                                   shape == 0   ? "ocf:r%d-[1..%d]"
                                   : shape == 1 ? "ocf:b%d, ocf:c%d"
                                                : "ocf:a%d",
                                   i, shape == 0 ? 1 + pick(w, 4) : i);
        say_words(w, arena_printf(w->arena, "service %s", unit->names));
        if (random_chance(&w->random, 85))
            block(w, unit);
        end_statement(w);
    }
}

static void rules(struct writer *w)
{
    int n = w->n_units > 1 ? pick(w, 6) : 0;

    for (int i = 0; i < n; i++) {
        int first = pick(w, w->n_units - 1), second = first + 1 + pick(w, w->n_units - first - 1);
        struct unit *one = &w->units[first], *other = &w->units[second];
        const char *glue = random_chance(&w->random, 20) ? ",\n # inside\n  " : ", ";
        char *words = NULL;
        int shape = pick(w, 5);

        if (shape == 0 && !one->is_placed)
            words = arena_printf(w->arena, "keep %s on %s", one->names, node_list(w));
        one->is_placed = one->is_placed || shape == 0;
        if (shape == 1)
            words = arena_printf(w->arena, "start %s before %s", one->names, other->names);
        if (shape > 1)
            words = arena_printf(w->arena, "try %s%s%s%s", one->names, glue, other->names,
                                 shape == 2 ? " together" : " apart");
        if (!words)
            continue;
        say_words(w, random_chance(&w->random, 15) ? "disabled " : "");
        say_words(w, arena_printf(w->arena, "rule x%d: ", i));
        say_words(w, words);
        end_statement(w);
    }
    if (random_chance(&w->random, 30)) {
        say_words(w, "rule glob: try ocf:* apart");
        end_statement(w);
    }
}

/* The statements in another order: it has no meaning. */
static char *shuffled(struct writer *w, const char *text, size_t length)
{
    struct page page = {0};
    char *result;

    w->ends[w->n_ends - 1] = length;
    for (int left = w->n_ends; left > 0; left--) {
        int at = pick(w, left);
        size_t from = at > 0 ? w->ends[at - 1] : 0, size = w->ends[at] - from;

        page_add(&page, text + from, size);
        if (left > 1 && size > 0 && text[from + size - 1] != '\n')
            page_say(&page, "\n");
        /* What is taken is closed up, so that the others begin where it began. */
        text = arena_printf(w->arena, "%.*s%s", (int)from, text, text + from + size);
        for (int i = at; i + 1 < left; i++)
            w->ends[i] = w->ends[i + 1] - size;
    }
    result = arena_strndup(w->arena, page.bytes, page.length);
    page_free(&page);
    return result;
}

char *random_policy(struct arena *arena, uint64_t seed)
{
    struct writer w = {.arena = arena, .random = {seed}};
    char *text;
    size_t length;

    gap(&w);
    say_words(&w, "cluster home { network lan }");
    end_statement(&w);
    nodes(&w);
    say_words(&w, "let fast = n0, n1");
    end_statement(&w);
    if (random_chance(&w.random, 50))
        say_words(&w, "defaults ocf { agent heartbeat:y; restart 3 }");
    else
        say_words(&w, "defaults { agent heartbeat:y }");
    end_statement(&w);
    services(&w);
    rules(&w);
    surroundings(&w);
    length = w.page.length;
    /* Some texts do not end with a newline. */
    if (random_chance(&w.random, 20) && w.page.bytes[length - 1] == '\n')
        length--;
    text = arena_strndup(arena, w.page.bytes, length);
    if (random_chance(&w.random, 30))
        text = shuffled(&w, text, length);
    page_free(&w.page);
    return text;
}
