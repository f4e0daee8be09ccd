/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * This node's corosync.conf on disk, and the word to corosync to read it: done by a thread of its
 * own, one deed at a time, because the loop waits for no disk. The next file is staged beside the
 * one in force and takes its place by a rename, so that there is always a whole one.
 */
#pragma once

#include <systemd/sd-event.h>

#include "agentd/witness.h"
#include "quorum/corosync_conf.h"

enum conf_deed {
    CONF_READ,
    CONF_STAGE,         /* the text waits beside the file; its addresses must be this node's */
    CONF_DISCARD,       /* what waits there is not wanted */
    CONF_SWITCH,        /* the text is in force; what was before is kept as ".tenuto-old" */
    CONF_RELOAD,        /* corosync reads it, on every node */
    CONF_WITNESS_ON,    /* its certificates are in place, corosync-qdevice runs */
    CONF_WITNESS_AGAIN, /* the same, anew */
    CONF_WITNESS_OFF,   /* it is stopped, its key is gone */
};

/* What the file in question says of a witness; host "": nothing. */
struct conf_witness {
    const char *host, *bundle; /* bundle: see witness.h */
    uint32_t nodeid;           /* of this node; 0: do not look */
};

struct conf_file;

/* done: a deed has ended, and what is on disk is known anew. */
struct conf_file *conf_file_new(sd_event *loop, const char *path, void (*done)(void *context),
                                void *context, struct err *err);
/* Waits for the deed under way. */
void conf_file_free(struct conf_file *file);
/* text and own (for the addresses) may be NULL where the deed needs none; both are copied. */
void conf_file_do(struct conf_file *file, enum conf_deed deed, const char *text,
                  const struct corosync_node *own);
/* For the deeds to come, CONF_STAGE and CONF_WITNESS_ON; copied. Not while one is under way. */
void conf_file_set_witness(struct conf_file *file, const struct conf_witness *witness);
/* As last looked at, and whether there are certificates of ours. */
enum witness_here conf_file_witness(const struct conf_file *file);
bool conf_file_has_witness(const struct conf_file *file);
bool conf_file_is_busy(const struct conf_file *file);
/* Why the last deed failed; "": it did not. */
const char *conf_file_problem(const struct conf_file *file);
/* As last read; "": there is none. */
const char *conf_file_text(const struct conf_file *file);
const char *conf_file_staged(const struct conf_file *file);
