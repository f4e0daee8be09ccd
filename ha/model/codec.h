/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Each noun to JSON and back, by name: what the ledger stores and the wire
 * carries. Encoding returns a new reference. Decoding passes over unknown
 * members (a newer minor version wrote them); a name that the policy does not
 * know decodes to false with words.
 */
#pragma once

#include <jansson.h>

#include "ha/base/err.h"
#include "ha/model/change.h"
#include "ha/model/cluster_view.h"
#include "ha/model/ha_state.h"
#include "ha/model/policy.h"
#include "ha/model/report.h"

/* The keys of the ledger's records; a name follows the slash. The value is JSON as text. */
#define KEY_POLICY "policy" /* {"version":7,"text":"...","author":"..."} */
#define KEY_MANAGER "manager"
#define KEY_CLUSTER "cluster"
#define KEY_COROSYNC "corosync"
#define KEY_WITNESS "witness" /* its certificates, for the disks of root; see agentd/witness.h */
#define KEY_CONFIRM "confirm" /* what the policy in force waits for; see agentd/confirm.h */
#define KEY_NODE "node/"
#define KEY_SERVICE "service/"
#define KEY_WHY "why" /* no record, but the member of some that holds a reason */

/* {"code":"NODE_LOST","node":"beta","number":7000,...,"text":"..."}: defaults are left out. */
json_t *codec_reason(const struct reason *reason, const struct policy *policy);
bool codec_read_reason(const json_t *from, const struct policy *policy, struct reason *reason);

/* Ledger records: key "node/NAME" and "service/TYPE:NAME". */
json_t *codec_node(const struct node *node, const struct policy *policy);
bool codec_read_node(const json_t *from, const struct policy *policy, struct node *node,
                     struct err *err);
json_t *codec_service(const struct service *service, const struct policy *policy);
bool codec_read_service(const json_t *from, const struct policy *policy, struct service *service,
                        struct err *err);

/* Ledger record: key "cluster": what is decided of all together; {} while armed and balanced. */
json_t *codec_cluster(const struct ha_state *state);
bool codec_read_cluster(const json_t *from, struct ha_state *state, struct err *err);

/* {"service":"ocf:web","node":"beta","from":"started","to":"fence","why":{}}, or of a node. */
json_t *codec_change(const struct change *change, const struct policy *policy);
json_t *codec_answer(const struct answer *answer, const struct policy *policy);
json_t *codec_command(const struct command *command, const struct policy *policy);
bool codec_read_command(const json_t *from, const struct policy *policy, struct command *command,
                        struct err *err);
json_t *codec_report_row(const struct report_row *row, const struct policy *policy);
bool codec_read_report_row(const json_t *from, const struct policy *policy, struct report_row *row,
                           struct err *err);

/*
 * Whether a member of the ledger's record of that key is one of ours; what is not was written by a
 * newer minor version, and goes on beside what we write. Of a kind that carries nothing: always.
 */
bool codec_knows(const char *key, const char *member);
