/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a node's player tells the manager of one service: a level, resent whole
 * whenever something in it changed and in every new ring.
 */
#pragma once

#include "ha/model/cluster_view.h"

struct report_row {
    service_id service;
    bool is_running; /* it runs here, or may run here */
    uint64_t cause;  /* what result speaks of */
    enum job_code result;
    int exit_code;
    struct duration pause; /* it failed, and is in one that long before it is tried again; or 0 */
    char words[REASON_WORDS_MAX];
};
