/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What can be done to an imaginary cluster, by hand or drawn from its seed; see world.h. */
#pragma once

#include "ha/whatif/world.h"

/* A node that is switched on has its network too. */
void world_power_on(struct world *world, node_id node);
/* The same, but its agent is there only once it has booted. */
void world_boot(struct world *world, node_id node);
/* Power is back at that time, or INSTANT_NEVER. */
void world_power_off(struct world *world, node_id node, struct instant back_at);
void world_cut(struct world *world, node_set nodes, bool is_cut);
/* Those hear only each other from now on. */
void world_part(struct world *world, node_set nodes, int side);
void world_kill_agent(struct world *world, node_id node, struct instant back_at);
void world_restart_agent(struct world *world, node_id node);
/* It stands still, deaf and mute, and goes on later as if nothing had been. */
void world_stall(struct world *world, node_id node, bool is_stalled);
/* It tells the others, lets go of what it runs, and goes. */
void world_leave(struct world *world, node_id node, enum leaving how);
void world_set_store(struct world *world, node_id node, bool works);
void world_crash_service(struct world *world, service_id service);
/* The same, also while a monitor looks at it: in a drill nothing is a matter of luck. */
void world_kill_service(struct world *world, service_id service);
void world_fail(struct world *world, enum world_fault fault, service_id service,
                struct world_failing failing);
/* Where it was last, while nothing is known of it yet. */
void world_place(struct world *world, service_id service, node_id node);
/* Somebody moved it by hand, running or not; false: it is managed, nobody may. */
bool world_carry(struct world *world, service_id service, node_id node);
void world_measure(struct world *world, service_id service, int cpus_milli, int64_t memory);
void world_command(struct world *world, enum command_kind kind, service_id service, node_id node);
/* Maintenance or disarming that ends by itself; 0: it does not. */
void world_command_for(struct world *world, enum command_kind kind, node_id node,
                       struct duration lasts);
/* From now on how long things take, and what is lost, is drawn from the seed. */
void world_make_unkind(struct world *world, uint64_t seed);
/* Something happens, drawn from the seed. */
void world_disturb(struct world *world);
/* All that was broken is mended, and whoever waits for a person gets one. */
void world_heal(struct world *world);
/* Nodes on which it runs in truth. */
node_set world_running(const struct world *world, service_id service);
/* Nodes on which it has been started; where a start has only begun it may run, no more. */
node_set world_serving(const struct world *world, service_id service);
/* Whether the next try on that node will fail. */
bool world_will_fail(const struct world *world, enum world_fault fault, node_id node,
                     service_id service);
/* Whether a try on that node fails now; it counts. */
bool world_try_fails(struct world *world, enum world_fault fault, node_id node,
                     const struct job *job);

/*
 * Whether nothing is under way: no machine boots or waits for its watchdog, no message travels, no
 * job but monitors, and the manager waits for nothing; and nothing is amiss that the next monitor
 * would see.
 */
bool world_is_calm(const struct world *world);

/* For the world itself: its view; an instant from now on; one of its promises gone. */
void world_see(struct world *world);
/* Whether most of the ring can write down what is decided. */
bool world_is_stored(const struct world *world);
struct instant world_soon(struct world *world, struct duration span);
void world_break(struct world *world, const char *words, service_id service, node_id node);
/* The quorate group of this moment; what was decided now holds. */
void world_form_ring(struct world *world);
void world_agree(struct world *world);
/* The first n of those that wait: they are answered, and what came of them holds. */
void world_drop_commands(struct world *world, int n);
/* Another one each time that the machine boots. */
void world_boot_id(const struct world *world, node_id node, char *text, size_t size);
void world_begin_agent(struct world *world, node_id node);
