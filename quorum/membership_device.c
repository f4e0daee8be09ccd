/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What votequorum says of the quorum device on this node; and how many votes it is to expect. */
#include <string.h>

#include <corosync/votequorum.h>

#include "quorum/cs_error.h"
#include "quorum/membership.h"

static bool get_info(votequorum_handle_t handle, unsigned int nodeid, struct votequorum_info *info,
                     struct err *err)
{
    cs_error_t error;

    memset(info, 0, sizeof(*info));
    error = votequorum_getinfo(handle, nodeid, info);
    return error == CS_OK ||
           err_set(err, "corosync does not say how it counts votes (%s)", cs_error_words(error));
}

bool membership_read_device(uint32_t nodeid, struct device_state *state, struct err *err)
{
    static votequorum_callbacks_t none;
    struct votequorum_info info;
    votequorum_handle_t handle;
    cs_error_t error = votequorum_initialize(&handle, &none);
    bool is_good;

    memset(state, 0, sizeof(*state));
    if (error != CS_OK)
        return err_set(err, "cannot reach corosync (%s): is corosync.service running?",
                       cs_error_words(error));
    is_good = get_info(handle, nodeid, &info, err);
    if (is_good) {
        state->is_registered = info.flags & VOTEQUORUM_INFO_QDEVICE_REGISTERED;
        state->is_alive = info.flags & VOTEQUORUM_INFO_QDEVICE_ALIVE;
        state->is_voting = info.flags & VOTEQUORUM_INFO_QDEVICE_CAST_VOTE;
    }
    votequorum_finalize(handle);
    return is_good;
}

bool membership_expect(int votes, struct err *err)
{
    static votequorum_callbacks_t none;
    votequorum_handle_t handle;
    cs_error_t error = votequorum_initialize(&handle, &none);

    if (error == CS_OK) {
        error = votequorum_setexpected(handle, (unsigned int)votes);
        for (int i = 0; i < CS_TRIES && error == CS_ERR_TRY_AGAIN; i++) {
            cs_wait();
            error = votequorum_setexpected(handle, (unsigned int)votes);
        }
        votequorum_finalize(handle);
    }
    return error == CS_OK || err_set(err, "corosync does not take %d as the votes to expect (%s)",
                                     votes, cs_error_words(error));
}
