/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loads of nodes, and what a shift makes of them; see load.h. */
#include "ha/decide/load.h"

bool load_is_weighed(const struct round *round)
{
    if (round->policy->scheduling.mode == SCHEDULING_BASIC)
        return false;
    NODE_SET_EACH(node, round->usable)
    {
        const struct node_policy *size = &round->policy->nodes[node];

        if (size->cpus_milli <= 0 || size->memory <= 0)
            return false;
    }
    return true;
}

struct usage load_of_service(const struct round *round, service_id service, node_id node)
{
    const struct service_policy *policy = &round->policy->services[service];
    int all = round->policy->nodes[node].cpus_milli;

    /* Nobody said how much: it may take all. */
    return (struct usage){
        .cpus_milli = policy->cpus_milli ? policy->cpus_milli : all,
        .memory = policy->memory,
    };
}

static uint64_t positive(int64_t number)
{
    return number > 0 ? (uint64_t)number : 0;
}

static uint64_t cpu_load(const struct loads *loads, node_id node, const struct usage *used)
{
    return fixed_ratio(positive(used->cpus_milli), (uint64_t)loads->size[node].cpus_milli);
}

static uint64_t memory_load(const struct loads *loads, node_id node, const struct usage *used)
{
    return fixed_ratio(positive(used->memory), (uint64_t)loads->size[node].memory);
}

static void add_node(struct loads *loads, node_id node, struct usage used)
{
    loads->used[node] = used;
    loads->cpu[node] = cpu_load(loads, node, &used);
    loads->memory[node] = memory_load(loads, node, &used);
    loads->cpu_squares += fixed_square(loads->cpu[node]);
    loads->memory_squares += fixed_square(loads->memory[node]);
    loads->squares += fixed_square(loads->cpu[node] + loads->memory[node]);
    loads->sum += loads->cpu[node] + loads->memory[node];
}

static void load_nodes(const struct round *round, struct loads *loads, bool counts_starts)
{
    bool is_dynamic = round->policy->scheduling.mode == SCHEDULING_DYNAMIC;

    *loads = (struct loads){.nodes = round->usable, .n_nodes = node_set_count(round->usable)};
    NODE_SET_EACH(node, round->usable)
    {
        const struct node_view *view = &round->view->nodes[node];
        struct usage used = {0};

        loads->size[node] = (struct usage){
            .cpus_milli = round->policy->nodes[node].cpus_milli,
            .memory = round->policy->nodes[node].memory,
        };
        if (is_dynamic)
            used = (struct usage){.cpus_milli = view->used_cpus_milli, .memory = view->used_memory};
        if (!is_dynamic || counts_starts) {
            used.cpus_milli += round->work->usage[node].cpus_milli;
            used.memory += round->work->usage[node].memory;
        }
        add_node(loads, node, used);
    }
}

void load_of_starts(const struct round *round, struct loads *loads)
{
    load_nodes(round, loads, true);
}

void load_of_now(const struct round *round, struct loads *loads)
{
    load_nodes(round, loads, false);
}

struct alternative loads_alternative(const struct loads *loads, const struct shift *shift)
{
    wide cpu_squares = loads->cpu_squares, memory_squares = loads->memory_squares;
    uint64_t cpu_peak = 0, memory_peak = 0;

    NODE_SET_EACH(node, loads->nodes)
    {
        const struct usage *used = node == shift->from ? &shift->from_used
                                   : node == shift->to ? &shift->to_used
                                                       : NULL;
        uint64_t cpu = used ? cpu_load(loads, node, used) : loads->cpu[node];
        uint64_t memory = used ? memory_load(loads, node, used) : loads->memory[node];

        if (used) {
            cpu_squares += fixed_square(cpu) - fixed_square(loads->cpu[node]);
            memory_squares += fixed_square(memory) - fixed_square(loads->memory[node]);
        }
        cpu_peak = cpu > cpu_peak ? cpu : cpu_peak;
        memory_peak = memory > memory_peak ? memory : memory_peak;
    }
    return (struct alternative){.of = {
                                    FIXED_ONE + fixed_mean_root(cpu_squares, loads->n_nodes),
                                    FIXED_ONE + cpu_peak,
                                    FIXED_ONE + fixed_mean_root(memory_squares, loads->n_nodes),
                                    FIXED_ONE + memory_peak,
                                }};
}

uint64_t loads_imbalance(const struct loads *loads, const struct shift *shift)
{
    wide squares = loads->squares, sum = loads->sum, spread;

    if (shift) {
        uint64_t from = cpu_load(loads, shift->from, &shift->from_used) +
                        memory_load(loads, shift->from, &shift->from_used);
        uint64_t to = cpu_load(loads, shift->to, &shift->to_used) +
                      memory_load(loads, shift->to, &shift->to_used);
        uint64_t from_before = loads->cpu[shift->from] + loads->memory[shift->from];
        uint64_t to_before = loads->cpu[shift->to] + loads->memory[shift->to];

        squares += fixed_square(from) + fixed_square(to) - fixed_square(from_before) -
                   fixed_square(to_before);
        sum += (wide)from + to - from_before - to_before;
    }
    if (sum == 0)
        return 0;
    spread = squares * (unsigned)loads->n_nodes - fixed_square((uint64_t)sum);
    return fixed_divide((wide)fixed_root(spread) << FIXED_BITS, (uint64_t)sum);
}
