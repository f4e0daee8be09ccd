/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random policies that are right; see random_policy.h. */
#include "tests/unit/dsl/random_policy.h"

#include <string.h>

#include "dsl/page.h"
#include "ha/base/random.h"

#define UNITS_MAX 8

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
    default: return "failback no";
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
    for (int which = 0; which < 8; which++) {
        if (!random_chance(&w->random, 30))
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

/* The blocks beside services, on one line or several. */
#define ACCESS                                                                                     \
    "access { # who\n admin jin key \"ssh-ed25519"                                                 \
    " AAAAC3NzaC1lZDI1NTE5AAAAIKA1AyfGxiyC4elmeft40ThRRasD2ohkxzYl3qN5De7e\" }"
#define FENCING                                                                                    \
    "fencing { watchdog 20s ; device d1 {\n agent fence_x; fences n0,\n n1 ; level 1\n"            \
    " set a \"b # c $d\" ;set p secret q } # one\n device d2 { agent fence_y ; fences fast;"       \
    " level 2; delay 2s ; retry 0 } }"

static void other_blocks(struct writer *w)
{
    static const char *const some[] = {
        "quorum { witness 10.9.9.9 lms;# who decides\n tie-breaker n1 ; wait-for-all yes }",
        FENCING,
        "alert a { run \"/bin/x\" -s \"a b\" ; on fence,\n error, quorum }",
        ACCESS,
    };

    for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
        if (!random_chance(&w->random, 30))
            continue;
        say(w, some[i]);
        end_statement(w);
    }
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
    other_blocks(&w);
    if (random_chance(&w.random, 50)) {
        say_words(&w, "defaults ocf { agent heartbeat:y; restart 3 }");
        end_statement(&w);
    } else {
        say_words(&w, "defaults { agent heartbeat:y }");
        end_line(&w);
    }
    services(&w);
    rules(&w);
    length = w.page.length;
    /* Some texts do not end with a newline. */
    if (random_chance(&w.random, 20) && w.page.bytes[length - 1] == '\n')
        length--;
    text = arena_strndup(arena, w.page.bytes, length);
    page_free(&w.page);
    return text;
}
