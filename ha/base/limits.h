/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every limit of the system, each with its reason. A policy that goes over one
 * is refused with a diagnostic that names the limit; nothing is cut in silence.
 */
#pragma once

#include "ha/base/limits_requests.h"

/* A node set is one uint32_t, so rules are bit-ands; corosync's CPG itself ends at 128 members. */
#define NODES_MAX 32
/* Four times what the largest clusters we know of protect; the core's state stays under 64 MiB. */
#define SERVICES_MAX 16384
/* A rule is a line somebody wrote; nobody reads more of them. keep/try on of blocks come on top. */
#define RULES_MAX 4096
/* Steps of preference in one rule: half of the nodes one by one; more is no preference. */
#define RULE_TIERS_MAX 16
/* Names for sets of at most 32 nodes; they may build on each other that deep. */
#define LETS_MAX 256
/* corosync itself takes up to eight knet links. */
#define LINKS_MAX 8
/* POSIX host names are at most 63 bytes a label; node names are labels. */
#define NODE_NAME_MAX 64
/* "type:name": a type of 15 and a name of 63 bytes; a database key and a column on a screen. */
#define SERVICE_NAME_MAX 80
/* A boot id as the kernel prints it, 36 bytes, or any word that changes with each boot. */
#define BOOT_ID_MAX 40
/* A rule, device or drill name: shown in reasons, on a line of 80 columns. */
#define RULE_NAME_MAX 64
/* Four for each node: two power supplies, and two other ways to turn it off. */
#define FENCE_DEVICES_MAX 128
/* Levels of fence devices, one tried after the other: an outage is no time for more. */
#define FENCE_LEVELS_MAX 9
/* Programs that are told of events; each is started for each of its events. */
#define ALERTS_MAX 32
/* People and scripts with a key of their own. */
#define PEOPLE_MAX 256
#define WITNESS_NODES_MAX 2 /* among more, histories could meet that no epoch puts in order */
/* How long corosync goes on counting a witness that has fallen silent: quorum.device.timeout. */
#define WITNESS_TIMEOUT_MS 3000
/* And how long a new ring waits for its word: as long, or the living would wait for a dead one. */
#define WITNESS_SYNC_TIMEOUT_MS 3000
#define BRANCHES_KEPT_MAX 16 /* rare, and for people to look at */
/* "provider:agent" of an OCF agent. */
#define AGENT_NAME_MAX 128
/* The text of one policy. 10,000 services of five lines each are about 2 MiB. */
#define POLICY_BYTES_MAX (4 * 1024 * 1024)
/* What somebody says about a version of the policy: one line of a list. */
#define POLICY_MESSAGE_MAX 256
/* How long a pushed policy may wait to be confirmed: to read a line at least, a week at most. */
#define CONFIRM_MIN_MS 5000
#define CONFIRM_MAX_MS (7LL * 24 * 60 * 60 * 1000)
/* An agent that is started anew is back within this; a node that is off for longer is lost. */
#define CONFIRM_LOST_MS 10000
/* Versions that "policy history" lists, and that are kept: more than anybody reads; */
#define POLICIES_LISTED_MAX 1000
#define POLICIES_KEPT_MAX POLICIES_LISTED_MAX
/* as long as their texts are no burden to a small disk; of the largest policies that is 16. */
#define POLICIES_BYTES_MAX (64LL * 1024 * 1024)
/* How long all members may take to check a pushed policy; an agent that was never asked before is
 * asked then, and who says nothing for longer would hold up whoever waits at a terminal. */
#define VERDICT_MS 10000
/* How long a push is carried on through changes of leader and ring before its asker gives up. */
#define PUSH_PATIENCE_MS 25000
/* One CPG message; libcpg fragments above 1 MiB, and long messages delay beats: we cut. */
#define CHUNK_BYTES_MAX (256 * 1024)
/* All records as one text, for a member behind: 16,384 services, the policy, what is recent. */
#define RECORDS_BYTES_MAX (128 * 1024 * 1024)
/* What an OCF or fence agent prints about itself: the longest of Debian's has 40 KiB. */
#define METADATA_BYTES_MAX (1024 * 1024)
/* Its parameters and actions, and what a parameter may be: ten times what the largest has. */
#define METADATA_ITEMS_MAX 1000
/* A line of the control protocol: a policy as one JSON string, escaped. */
#define CONTROL_LINE_MAX (2 * POLICY_BYTES_MAX + 65536)
/* Clients of the control socket at a time: people and scripts, not a service to the world. */
#define CONTROL_CLIENTS_MAX 64
/* Of these: nobody else may lock the administrator out. */
#define CONTROL_CLIENTS_FOR_ROOT 16
/* Commands waiting in the state. More at once is a script gone wild, and it is told so. */
#define COMMANDS_MAX 256
/* Who waits on one node for an answer or an end: as many as the leader takes at once. */
#define WAITING_MAX COMMANDS_MAX
/* Changes of one thing in one step: when its node died, fence, recovery and started. */
#define CHANGES_EACH_MAX 4
/* Pushes waiting for the leader: each may be as large as a policy, and all but one are late. */
#define PUSHES_MAX 4
/* Changes one step may decide, moves after a partner and by command on top. */
#define CHANGES_OF(nodes, services)                                                                \
    ((CHANGES_EACH_MAX + 2) * ((nodes) + (services)) + 2 * COMMANDS_MAX)
#define CHANGES_MAX CHANGES_OF(NODES_MAX, SERVICES_MAX)
/* Services that the written rules name, patterns counted out: four rules for each service. */
#define MEMBERSHIPS_MAX (4 * SERVICES_MAX)
/* What an agent's exit reason, or an error for the operator, may say. */
#define REASON_TEXT_MAX 256
/* What an OCF agent may print before we stop listening; it goes on running. */
#define AGENT_OUTPUT_MAX (64 * 1024)
/* How long a killed child may take to die before its end is told anyway; a busy disk is seconds. */
#define WORKER_KILL_GRACE_MS 5000
/* How long services of a node that reboots wait for it before they fail over: a server's boot. */
#define REBOOT_GRACE_MS 60000
/* How long services stay frozen on a node that does not come back: nobody reboots for longer. */
#define FREEZE_MAX_MS (20 * 60000)
/* Before a move that failed is tried again, while there is still a cause for it. */
#define MOVE_RETRY_MS 30000
/* Between two tries to stop what left the policy: an operator sees it in the log, the log lives. */
#define ORPHAN_RETRY_MS 10000
/* How long maintenance or disarming may be asked for: longer is for ever, and is said so. */
#define SUSPENDED_MAX_MS (366LL * 24 * 60 * 60 * 1000)
/* How long quorum may be forced: what somebody swears of a node's power is not true for ever. */
#define FORCED_MAX_MS (24LL * 60 * 60 * 1000)
/* The pause before a second restart on one node: what a port or a lock takes to come free. */
#define RESTART_AFTER_MS 2000
/* Doubled with each failure up to here: longer, and whoever mended the cause would wait for us. */
#define RESTART_PAUSE_MAX_MS 60000
/* What ran that long ran well: its next failure counts as the first. */
#define RESTART_FRESH_MS (10 * 60000)
/* Jobs at a time on one node: disks and memory are shared, and all at once is slower for each. */
#define WORKERS_USUAL 4
/* More is no limit any more: no node starts so many things at a time in good order. */
#define WORKERS_MOST 64
/* Falls of a node that are remembered; who waits for more than these waits too long. */
#define FALLS_MAX 8
/* Three deaths in an hour are no accident any more; an hour without one is a good sign. */
#define QUARANTINE_TIMES 3
#define QUARANTINE_WITHIN_MS (60 * 60000)
/* Half of the nodes in ten minutes: more than that is a fault of what they share. */
#define STORM_WITHIN_MS (10 * 60000)
/* How long a node that goes waits for its services: they move one after the other, or stop. */
#define LEAVE_MS (5 * 60000)
/* What one look at the past reads: some 15,000 changes, a quarter second of an agent's time. */
#define HISTORY_BYTES_MAX (8 * 1024 * 1024)
/* The flight record: two files of this, or a few full pictures. A quiet cluster of three nodes
 * needs some hundred bytes a day; an hour of constant trouble about one MiB. */
#define FLIGHT_BYTES_MAX (16 * 1024 * 1024)
/* What may wait for the disk; a disk that is slower than that loses steps, and nobody waits. */
#define FLIGHT_QUEUE_MAX (16 * 1024 * 1024)
/* After a write to the record failed it is tried again: a full disk is mended by somebody. */
#define FLIGHT_RETRY_MS 60000
/* A line of a record: a full step, or a policy, escaped. */
#define FLIGHT_LINE_MAX (4 * POLICY_BYTES_MAX)
/* Lines of all drills of a policy: each is looked at by every node that is asked to push it. */
#define DRILL_LINES_MAX 512
/* Diagnostics of one check; after so many slips the first ones have to be mended anyway. */
#define DIAGNOSTICS_MAX 200
/* A message of a text editor: a policy as one JSON string, in which a byte may take six. */
#define LSP_MESSAGE_MAX (6 * POLICY_BYTES_MAX + 65536)
/* Policies open in one editor at a time. */
#define LSP_DOCUMENTS_MAX 64
/* Where an invitation waits for its guest: no port that anything else of Debian listens on. */
#define INVITE_PORT 22622
