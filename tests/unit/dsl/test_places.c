/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Strict rules against an oracle: small random policies, for which every placement is tried. The
 * check may say that rules contradict each other only where no placement obeys them, and has to
 * say so wherever none does; and of the rules that it names none is one too many.
 */
#include "tests/unit/dsl/dsl_test.h"

#include <stdio.h>
#include <string.h>

#include "dsl/page.h"
#include "dsl/policy_text.h"
#include "ha/base/random.h"

#define POLICIES 3000
#define SERVICES_MOST 5
#define NODES_MOST 4
#define RULES_MOST 9

/* A strict rule as the oracle reads it; services and nodes are bits. */
struct claim {
    enum rule_kind kind;
    unsigned services;
    unsigned nodes;
    const char *label; /* as a message names it */
    int line;
};

/* A policy in both forms: as claims, and as text in one of the ways to write it. */
struct sample {
    struct random random;
    struct arena *arena;
    struct page page;
    int n_services;
    int n_nodes;
    struct claim claims[RULES_MOST + SERVICES_MOST];
    int n_claims;
    struct claim wishes[RULES_MOST];
    int n_wishes;
    int line;
    bool is_for_pairs; /* only few kept apart at a time, and nobody together */
};

static int pick(struct sample *s, int limit)
{
    return random_below(&s->random, limit);
}

static void say(struct sample *s, const char *words)
{
    for (const char *at = words; (at = strchr(at, '\n')); at++)
        s->line++;
    page_say(&s->page, words);
}

/* ---- the oracle ------------------------------------------------------------------------------ */

static bool obeys(const struct claim *claim, const int *node_of)
{
    unsigned taken = 0;

    for (int i = 0; i < SERVICES_MOST; i++) {
        unsigned node = 1u << node_of[i];

        if (!(claim->services >> i & 1))
            continue;
        if (claim->kind == RULE_ON && !(claim->nodes & node))
            return false;
        if (claim->kind == RULE_TOGETHER && taken != 0 && taken != node)
            return false;
        if (claim->kind == RULE_APART && (taken & node))
            return false;
        taken |= node;
    }
    return true;
}

/* How many placements obey the rules but those left out, as bits, and of these one rule more. */
static int count_placements(const struct sample *s, unsigned left_out, const struct claim *more)
{
    int n_placements = 1, n_right = 0;

    for (int i = 0; i < s->n_services; i++)
        n_placements *= s->n_nodes;
    for (int placement = 0; placement < n_placements; placement++) {
        int node_of[SERVICES_MOST] = {0};
        bool is_right = true;

        for (int i = 0, rest = placement; i < s->n_services; i++, rest /= s->n_nodes)
            node_of[i] = rest % s->n_nodes;
        for (int k = 0; k < s->n_claims && is_right; k++)
            is_right = (left_out >> k & 1) || obeys(&s->claims[k], node_of);
        n_right += is_right && (!more || obeys(more, node_of));
    }
    return n_right;
}

static bool can_be_placed(const struct sample *s, unsigned left_out)
{
    return count_placements(s, left_out, NULL) > 0;
}

/* ---- the text -------------------------------------------------------------------------------- */

/* Services s0 to s4: as names, as a range where they are neighbours, or as a pattern for all. */
static void say_services(struct sample *s, unsigned set)
{
    int first = __builtin_ctz(set), last = 31 - __builtin_clz(set);
    const char *glue = "";

    if (set == (1u << s->n_services) - 1 && pick(s, 2)) {
        say(s, pick(s, 2) ? "fa:*" : "fa:s*");
        return;
    }
    if (set == ((2u << last) - (1u << first)) && pick(s, 2)) {
        say(s, arena_printf(s->arena, "fa:s[%d..%d]", first, last));
        return;
    }
    for (int i = first; i <= last; i++) {
        if (!(set >> i & 1))
            continue;
        say(s, arena_printf(s->arena, "%sfa:s%d", glue, i));
        glue = ", ";
    }
}

static void say_nodes(struct sample *s, unsigned set)
{
    const char *glue = "";

    for (int i = 0; i < s->n_nodes; i++) {
        if (!(set >> i & 1))
            continue;
        say(s, arena_printf(s->arena, "%sn%d", glue, i));
        glue = ", ";
    }
}

static void say_claim(struct sample *s, const struct claim *claim, bool is_strict)
{
    say(s, is_strict ? "keep " : "try ");
    say_services(s, claim->services);
    if (claim->kind == RULE_ON) {
        say(s, " on ");
        say_nodes(s, claim->nodes);
    } else {
        say(s, claim->kind == RULE_APART ? " apart" : " together");
    }
    say(s, "\n");
}

/* One of them strict; some are disabled or only wishes, and the oracle does not know them. */
static void add_rule(struct sample *s, int number)
{
    struct claim claim = {.kind = s->is_for_pairs || pick(s, 5) < 3 ? RULE_APART : RULE_TOGETHER};
    bool is_disabled = pick(s, 8) == 0, is_strict = pick(s, 8) > 0;

    claim.label = arena_printf(s->arena, "rule r%d", number);
    while (__builtin_popcount(claim.services) < 2)
        claim.services |= 1u << pick(s, s->n_services);
    say(s, arena_printf(s->arena, "%srule r%d: ", is_disabled ? "disabled " : "", number));
    say_claim(s, &claim, is_strict);
    claim.line = s->line - 1;
    if (is_strict && !is_disabled)
        s->claims[s->n_claims++] = claim;
    else if (!is_disabled)
        s->wishes[s->n_wishes++] = claim;
}

/* Where a service may run is said once: in its block, or in a rule. */
static void add_service(struct sample *s, int number)
{
    struct claim claim = {.kind = RULE_ON, .services = 1u << number};

    say(s, arena_printf(s->arena, "service fa:s%d", number));
    claim.nodes = (unsigned)pick(s, 1 << s->n_nodes);
    if (claim.nodes == 0 || pick(s, 3) == 0) {
        say(s, "\n");
        return;
    }
    if (pick(s, 2)) {
        claim.label = arena_printf(s->arena, "keep on in line %d", s->line);
        say(s, " { keep on ");
        say_nodes(s, claim.nodes);
        say(s, " }\n");
    } else {
        claim.label = arena_printf(s->arena, "rule on%d", number);
        say(s, arena_printf(s->arena, "\n%s: ", claim.label));
        say_claim(s, &claim, true);
    }
    s->claims[s->n_claims++] = claim;
}

/* For several services at once; where one of them has such a rule already, T0304 is said too. */
static void add_places(struct sample *s)
{
    struct claim claim = {.kind = RULE_ON, .label = "rule several"};

    while (!claim.services)
        claim.services = (unsigned)pick(s, 1 << s->n_services);
    while (!claim.nodes)
        claim.nodes = (unsigned)pick(s, 1 << s->n_nodes);
    say(s, "rule several: ");
    say_claim(s, &claim, true);
    s->claims[s->n_claims++] = claim;
}

static struct sample sample_of(struct arena *arena, uint64_t seed)
{
    struct sample s = {.random = {seed}, .arena = arena, .line = 1};
    int n_rules;

    s.is_for_pairs = pick(&s, 2);
    s.n_services = 2 + pick(&s, SERVICES_MOST - 1);
    s.n_nodes = 2 + pick(&s, NODES_MOST - 1);
    say(&s, "cluster home { network lan }\nfencing { watchdog 10s }\n");
    for (int i = 0; i < s.n_nodes; i++)
        say(&s, arena_printf(arena, "node n%d { address 10.0.0.%d }\n", i, i + 1));
    for (int i = 0; i < s.n_services; i++)
        add_service(&s, i);
    if (pick(&s, 6) == 0)
        add_places(&s);
    n_rules = pick(&s, RULES_MOST - 2);
    for (int i = 0; i < n_rules; i++)
        add_rule(&s, i);
    return s;
}

/* ---- what the check says --------------------------------------------------------------------- */

static bool is_about_places(enum diagnostic_code code)
{
    return code == DIAGNOSTIC_TOGETHER_APART || code == DIAGNOSTIC_NO_COMMON_NODE ||
           code == DIAGNOSTIC_TOO_MANY_APART || code == DIAGNOSTIC_NO_PLACEMENT;
}

static const struct diagnostic *find_contradiction(const struct compiled *compiled)
{
    for (int i = 0; i < compiled->diagnostics->n_list; i++) {
        const struct diagnostic *entry = &compiled->diagnostics->list[i];

        if (is_about_places(entry->code))
            return entry;
        /* Nothing else is an error in such a policy. */
        if (entry->severity == SEVERITY_ERROR && entry->code != DIAGNOSTIC_ON_TWICE)
            fail_msg("%s", diagnostics_text(compiled->diagnostics, false));
    }
    return NULL;
}

static struct compiled compile_sample(struct sample *s)
{
    struct compiled compiled = compile_text(s->page.bytes);

    page_free(&s->page);
    return compiled;
}

static void what_contradicts_itself_is_found_and_nothing_else(void **state)
{
    int n_impossible = 0, n_said[DIAGNOSTIC_CODES] = {0};

    (void)state;
    for (uint64_t seed = 1; seed <= POLICIES; seed++) {
        struct arena *arena = arena_new();
        struct sample s = sample_of(arena, seed);
        struct compiled compiled = compile_sample(&s);
        const struct diagnostic *said = find_contradiction(&compiled);
        bool is_possible = can_be_placed(&s, 0);

        /* Two rules that say where one service runs are refused, whatever else they say. */
        if (is_possible ? said != NULL : compiled.is_right)
            fail_msg("seed %d: a placement %s:\n%s", (int)seed,
                     is_possible ? "exists" : "does not exist",
                     said ? diagnostics_text(compiled.diagnostics, false) : "no word about it");
        n_impossible += !is_possible;
        if (!is_possible)
            n_said[said ? said->code : DIAGNOSTIC_ON_TWICE]++;
        compiled_free(&compiled);
        arena_free(arena);
    }
    print_message("of %d policies %d have no placement, and all of them are refused:", POLICIES,
                  n_impossible);
    for (int code = 0; code < DIAGNOSTIC_CODES; code++) {
        if (n_said[code])
            print_message(" %s %d", diagnostic_code_name((enum diagnostic_code)code), n_said[code]);
    }
    print_message("\n");
    /* Neither kind is rare, or this test would show little. */
    assert_true(n_impossible > POLICIES / 10 && n_impossible < POLICIES * 9 / 10);
    assert_true(n_said[DIAGNOSTIC_NO_PLACEMENT] > POLICIES / 100);
}

/* Which claims a message names, as bits. */
static unsigned claims_in(const struct sample *s, const char *words)
{
    unsigned named = 0;

    for (int i = 0; i < s->n_claims; i++) {
        size_t length = strlen(s->claims[i].label);
        const char *at = strstr(words, s->claims[i].label);

        if (at && !(at[length] >= '0' && at[length] <= '9'))
            named |= 1u << i;
    }
    return named;
}

static void of_the_rules_that_are_named_none_is_one_too_many(void **state)
{
    int n_looked_at = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= POLICIES; seed++) {
        struct arena *arena = arena_new();
        struct sample s = sample_of(arena, seed);
        struct compiled compiled = compile_sample(&s);
        const struct diagnostic *said = find_contradiction(&compiled);

        if (said && said->code == DIAGNOSTIC_NO_PLACEMENT) {
            unsigned named = claims_in(&s, said->words);

            if (can_be_placed(&s, ~named))
                fail_msg("seed %d: these are too few: %s", (int)seed, said->words);
            for (int i = 0; i < s.n_claims; i++) {
                if ((named >> i & 1) && !can_be_placed(&s, ~named | 1u << i))
                    fail_msg("seed %d: without %s: %s", (int)seed, s.claims[i].label, said->words);
            }
            n_looked_at++;
        }
        compiled_free(&compiled);
        arena_free(arena);
    }
    assert_true(n_looked_at > POLICIES / 100);
}

/* "fa:s2 and fa:s4 are kept apart elsewhere", and the wish that this was said of. */
static bool is_never_granted(const struct sample *s, const struct diagnostic *entry)
{
    struct claim pair = {0};
    int a = -1, b = -1;

    for (int i = 0; i < s->n_wishes; i++) {
        if (s->wishes[i].line == entry->at.line)
            pair = s->wishes[i];
    }
    assert_int_equal(sscanf(entry->words, "fa:s%d and fa:s%d", &a, &b), 2);
    assert_int_equal(pair.services & (1u << a | 1u << b), 1u << a | 1u << b);
    pair.services = 1u << a | 1u << b;
    return count_placements(s, 0, &pair) == 0;
}

/* A rule that is too many; a wish that is too many is not looked at. */
static bool changes_nothing(const struct sample *s, const struct diagnostic *entry)
{
    for (int i = 0; i < s->n_claims; i++) {
        if (s->claims[i].line == entry->at.line)
            return count_placements(s, 0, NULL) == count_placements(s, 1u << i, NULL);
    }
    return true;
}

static void what_is_called_vain_or_needless_is_so(void **state)
{
    int n_vain = 0, n_needless = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= POLICIES; seed++) {
        struct arena *arena = arena_new();
        struct sample s = sample_of(arena, seed);
        struct compiled compiled = compile_sample(&s);

        for (int i = 0; i < compiled.diagnostics->n_list; i++) {
            const struct diagnostic *entry = &compiled.diagnostics->list[i];
            bool is_vain = entry->code == DIAGNOSTIC_WISH_IN_VAIN;

            n_vain += is_vain;
            n_needless += entry->code == DIAGNOSTIC_REDUNDANT_RULE;
            if ((is_vain && !is_never_granted(&s, entry)) ||
                (entry->code == DIAGNOSTIC_REDUNDANT_RULE && !changes_nothing(&s, entry)))
                fail_msg("seed %d: not true:\n%s", (int)seed,
                         diagnostics_text(compiled.diagnostics, false));
        }
        compiled_free(&compiled);
        arena_free(arena);
    }
    assert_true(n_vain > POLICIES / 100 && n_needless > POLICIES / 100);
}

/* In every other policy one waits for another before it starts, and must find its place kept. */
static void add_order(struct sample *s)
{
    int first = pick(s, s->n_services - 1);

    if (pick(s, 2))
        say(s, arena_printf(s->arena, "rule order: start fa:s%d before fa:s%d\n", first,
                            first + 1 + pick(s, s->n_services - 1 - first)));
}

static bool is_somebody_left_out(const struct sample *s, struct diagnostics *found, bool *is_right)
{
    const char *text = s->page.bytes, *survival;

    *found = (struct diagnostics){0};
    policy_check(s->arena, "test.tenuto", text, strlen(text), found, &survival);
    *is_right = survival != NULL;
    for (int i = 0; i < found->n_list; i++) {
        if (found->list[i].code == DIAGNOSTIC_NO_PLACE)
            return true;
    }
    return false;
}

/* Whoever is placed first, and whatever it likes best: the manager finds what the oracle finds. */
static void where_a_placement_exists_everybody_gets_a_place(void **state)
{
    int n_possible = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= POLICIES; seed++) {
        struct arena *arena = arena_new();
        struct sample s = sample_of(arena, seed);
        struct diagnostics *found = arena_alloc(arena, sizeof(*found));

        bool is_right = false;

        add_order(&s);
        if (can_be_placed(&s, 0) && is_somebody_left_out(&s, found, &is_right))
            fail_msg("seed %d:\n%s%s", (int)seed, s.page.bytes, diagnostics_text(found, false));
        n_possible += is_right;
        page_free(&s.page);
        arena_free(arena);
    }
    assert_true(n_possible > POLICIES / 2);
}

/* Larger than any oracle; what is expected is known from how they are made. */
static struct page begin_page(int n_nodes)
{
    struct page page = {0};
    char line[64];

    page_say(&page, "cluster home { network lan }\nfencing { watchdog 30s }\n");
    for (int i = 0; i < n_nodes; i++) {
        snprintf(line, sizeof(line), "node n%d { address 10.0.0.%d }\n", i, i + 1);
        page_say(&page, line);
    }
    return page;
}

static void add_pair(struct page *page, int a, int b)
{
    char line[80];

    snprintf(line, sizeof(line), "rule r%d-%d: keep fa:s%d, fa:s%d apart\n", a, b, a, b);
    page_say(page, line);
}

static bool is_contradiction(struct page *page)
{
    struct compiled compiled = compile_text(page->bytes);
    const struct diagnostic *said = find_contradiction(&compiled);

    if (said)
        assert_int_equal(said->code, DIAGNOSTIC_NO_PLACEMENT);
    compiled_free(&compiled);
    page_free(page);
    return said != NULL;
}

/* Each two of them apart by a rule of their own, each shut out from one node more. */
static bool are_pigeons_caught(int n_services, int n_nodes)
{
    struct page page = begin_page(n_nodes);
    char line[64];

    for (int i = 0; i < n_services; i++) {
        snprintf(line, sizeof(line), "service fa:s%d { keep on n[0..%d], n[%d..%d] }\n", i,
                 i % (n_nodes - 2), i % (n_nodes - 2) + 2, n_nodes - 1);
        page_say(&page, line);
    }
    for (int a = 0; a < n_services; a++) {
        for (int b = 0; b < a; b++)
            add_pair(&page, a, b);
    }
    return is_contradiction(&page);
}

/* Each apart from the next, around in a circle, on two nodes. */
static bool is_circle_caught(int n_services)
{
    struct page page = begin_page(2);
    char line[64];

    snprintf(line, sizeof(line), "service fa:s[0..%d]\n", n_services - 1);
    page_say(&page, line);
    for (int i = 0; i < n_services; i++)
        add_pair(&page, i, (i + 1) % n_services);
    return is_contradiction(&page);
}

static void many_rules_over_pairs_are_seen_as_one(void **state)
{
    (void)state;
    assert_true(are_pigeons_caught(9, 8));
    assert_false(are_pigeons_caught(8, 8));
    assert_true(are_pigeons_caught(33, 32));
    assert_false(are_pigeons_caught(32, 32));
}

static void a_circle_on_two_nodes_needs_an_even_number(void **state)
{
    (void)state;
    assert_true(is_circle_caught(5));
    assert_false(is_circle_caught(6));
    assert_true(is_circle_caught(999));
    assert_false(is_circle_caught(1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_called_vain_or_needless_is_so),
        cmocka_unit_test(many_rules_over_pairs_are_seen_as_one),
        cmocka_unit_test(a_circle_on_two_nodes_needs_an_even_number),
        cmocka_unit_test(of_the_rules_that_are_named_none_is_one_too_many),
        cmocka_unit_test(what_contradicts_itself_is_found_and_nothing_else),
        cmocka_unit_test(where_a_placement_exists_everybody_gets_a_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
