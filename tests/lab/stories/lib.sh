# shellcheck shell=bash disable=SC2034
# What the stories share: asking the lab, waiting, and saying what was seen. Sourced by tests/lab/run
# for each story, with these set: STORY_DIR (files of this story), TENUTO_LAB, TOP, BIN, POLICY.
# A story asserts on the order of events and on states, never on how fast they came.

# "# lab: --nodes 2" in a story brings up a lab of two for it.
NODES=${LAB_NODES:-alpha beta gamma}
PAGE=http://10.77.0.80/
WEB=ocf:web
ADDRESS=ocf:address
LEDGER=ocf:ledger
SERVICES="$WEB $ADDRESS $LEDGER"

# What the observer looks for.
OBSERVED=(
    process "$WEB" 'busybox httpd'
    address "$ADDRESS" 10.77.0.80
    process "$LEDGER" 'sh ledger write ledger'
)

# The policy of the stories: the one that people see first, and a service that keeps a ledger.
# Story after story kills the same nodes, and none of them is to answer for the ones before.
write_policy() {
    sed 's/^    watchdog 5s$/    watchdog 5s; storm none; quarantine none/' \
        "$TOP/examples/three-nodes.tenuto" | less_nodes
    cat <<END

service $LEDGER {
    agent lab:ledger
    monitor every 2s timeout 5s
    set sid "ledger"
}
END
}

# The drill is for three; with two nodes the death of one takes a witness.
less_nodes() {
    case $NODES in
    *gamma*) cat ;;
    *) sed '/^node gamma/d; /^# What has to happen when/,$d' ;;
    esac
}

put_policy_into_force() {
    wait_for 40 'a cluster of all nodes' all_here
    tenuto alpha policy push "$POLICY" || fail 'the policy was not accepted'
}

# ---- saying ------------------------------------------------------------------------------------

# A figure for the story's line.
say() {
    echo "$*" >>"$STORY_DIR/figures"
}

fail() {
    echo "$*" >>"$STORY_DIR/failures"
    exit 1
}

# check "what should be" COMMAND...
check() {
    local words=$1
    shift
    "$@" >"$STORY_DIR/checked" 2>&1 || fail "$words${*:+ ($*)}: $(tail -n 3 "$STORY_DIR/checked")"
}

not() {
    ! "$@"
}

# Milliseconds of CLOCK_BOOTTIME, the clock of all records.
now_ms() {
    local up
    read -r up _ </proc/uptime
    echo "${up/./}0"
}

seconds() {
    awk -v ms="$1" 'BEGIN { printf "%.1f s", ms / 1000 }'
}

# wait_for SECONDS "what should come" COMMAND...
wait_for() {
    local limit=$(($(now_ms) + $1 * 1000)) words=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ "$(now_ms)" -lt "$limit" ] || fail "never came: $words ($*)"
        sleep 0.1
    done
}

# holds SECONDS "what should stay so" COMMAND...
holds() {
    local limit=$(($(now_ms) + $1 * 1000)) words=$2
    shift 2
    while [ "$(now_ms)" -lt "$limit" ]; do
        "$@" >/dev/null 2>&1 || fail "did not stay so: $words ($*)"
        sleep 0.2
    done
}

# ---- the lab -----------------------------------------------------------------------------------

lab() {
    "$TOP/tests/lab/lab" "$@"
}

# on_node NODE COMMAND...
on_node() {
    timeout 10 "$TOP/tests/lab/lab" exec "$@"
}

# A question is answered soon; what waits for the cluster is given the time that it may take.
tenuto() {
    local node=$1 patience=10
    shift
    case " $* " in
    *' --wait'* | *' within '* | *' policy push '* | *' policy rollback '* | *' policy abort '*)
        patience=60 ;;
    esac
    timeout "$patience" "$TOP/tests/lab/lab" exec "$node" tenuto "$@"
}

others() {
    local node
    for node in $NODES; do
        [ "$node" = "$1" ] || echo "$node"
    done
}

# The processes of that name on a node, as the node counts them.
processes() {
    on_node "$1" pgrep -x "$2"
}

# signal_program NODE SIGNAL NAME [WHICH]
signal_program() {
    processes "$1" "$3" >/dev/null || fail "$3 does not run on $1"
    try_signal "$@"
}

# The same, if it runs.
try_signal() {
    local pids
    pids=$(processes "$1" "$3" | sed -n "${4:-1,\$}p" | tr '\n' ' ')
    [ -n "$pids" ] || return 1
    # a list
    # shellcheck disable=SC2086
    on_node "$1" kill "-$2" $pids
}

# processes_below PID: it and all that come from it, as "PID START".
processes_below() {
    cat /proc/[0-9]*/stat 2>/dev/null | sed 's/(.*)/x/' | awk -v top="$1" '
        { parent[$1] = $4; start[$1] = $22 }
        END {
            for (pid in parent) {
                for (at = pid; at != top && at > 1; at = parent[at])
                    ;
                if (at == top)
                    print pid, start[pid]
            }
        }' | sort
}

# The host's processes of a node, its first one too. Not what "lab exec" runs there: nsenter stops
# when its child does, and nobody wakes it.
all_processes() {
    local first
    first=$(pgrep -f "^lab-init $1 [0-9]+ $TENUTO_LAB " | head -n 1)
    processes_below "$first" | cut -d ' ' -f 1
}

# ---- records: the machine room's events, the observer's samples ---------------------------------

events_count() {
    wc -l <"$TENUTO_LAB/events"
}

# event_after COUNT WHAT... NODE: when that came, of the events behind so many; fails if it did not.
event_after() {
    tail -n "+$(($1 + 1))" "$TENUTO_LAB/events" | grep -E "^[0-9]+ ($2) ($3)\$" | head -n 1 |
        cut -d ' ' -f 1 | grep .
}

no_event_after() {
    ! event_after "$@"
}

# wait_reset NODE COUNT [WHAT]: until it was reset, behind so many events; sets reset to when it was off.
wait_reset() {
    wait_for 40 "$1 reset" event_after "$2" "${3:-watchdog|reset}" "$1"
    wait_for 10 "$1 off" event_after "$2" off "$1"
    reset=$(event_after "$2" off "$1")
}

samples_count() {
    wc -l <"$STORY_DIR/samples"
}

# The last one said of a service's process|address: a node, "-", or several.
holder() {
    awk -v s="$1" -v k="${2:-process}" '$2 == s && $3 == k { at = $4 } END { print at }' \
        "$STORY_DIR/samples"
}

held_on() {
    [ "$(holder "$1" "${3:-process}")" = "$2" ]
}

# No node has a process or an address of any service.
nothing_runs() {
    held_on "$WEB" - && held_on "$LEDGER" - && held_on "$ADDRESS" - address
}

# began_after COUNT SERVICE NODE: when the observer first saw it there, behind so many samples.
began_after() {
    tail -n "+$(($1 + 1))" "$STORY_DIR/samples" |
        awk -v s="$2" -v n="$3" '$2 == s && $4 ~ n { print $1; exit }' | grep .
}

# unmoved_since COUNT: no process and no address came or went behind so many samples.
unmoved_since() {
    [ "$(samples_count)" -eq "$1" ]
}

# ---- what the cluster says -----------------------------------------------------------------------

status_is() {
    tenuto "$1" cluster status --json | jq -se "any(.[]; $2)" >/dev/null
}

is_quorate() {
    status_is "$1" '.quorate and .in_sync'
}

is_not_quorate() {
    status_is "$1" '.quorate | not'
}

# The first node, of those named or of all, whose agent is part of a quorate cluster in sync.
quorate_node() {
    local node
    [ $# -gt 0 ] || set -- $NODES
    for node; do
        if is_quorate "$node"; then
            echo "$node"
            return
        fi
    done
    return 1
}

# Nothing is taken while nobody leads.
all_here() {
    local node
    for node in $NODES; do
        is_majority "$node" "$(wc -w <<<"$NODES")" || return 1
    done
}

# is_majority NODE VOTES: it is, with those, and takes what is asked.
is_majority() {
    status_is "$1" ".quorate and .in_sync and .votes == $2 and .leader != null"
}

# Nothing, and not done, while nobody leads: a seat is empty for a moment after each new ring.
leader() {
    local node
    node=$(quorate_node) && tenuto "$node" cluster status --json | jq -r '.leader // empty' | grep .
}

has_leader() {
    leader >/dev/null
}

policy_version() {
    tenuto "$1" cluster status --json | jq -r .policy.version | grep .
}

# node_state_is NODE STATE [ASKED...]
node_state_is() {
    local asked name=$1 state=$2
    shift 2
    asked=$(quorate_node "$@") && tenuto "$asked" cluster nodes --json |
        jq -se --arg n "$name" --arg s "$state" 'any(.[]; .node == $n and .state == $s)' >/dev/null
}

# places [ASKED...]: "SERVICE NODE" for each that is started and that its node alone says it runs.
places() {
    local node
    node=$(quorate_node "$@") && tenuto "$node" ha status --json |
        jq -r 'select(.state == "started" and .running == [.node]) | "\(.service) \(.node)"'
}

# place_of SERVICE [ASKED...]
place_of() {
    local service=$1
    shift
    places "$@" | sed -n "s/^$service //p" | grep .
}

runs_on() {
    [ "$(place_of "$1")" = "$2" ]
}

# By the word of the others.
runs_elsewhere_than() {
    local place
    # A list of names.
    # shellcheck disable=SC2046
    place=$(place_of "$1" $(others "$2")) && [ "$place" != "$2" ]
}

states() {
    tenuto "$1" ha status --json | jq -c '[.service, .state, .node]'
}

# A node that runs none of the services.
idle_node() {
    local node taken
    taken=$(places)
    for node in $NODES; do
        case $taken in *" $node"*) ;; *) echo "$node"; return ;; esac
    done
    return 1
}

# All three in one quorate cluster, every service started once, and outside sees the same.
healthy() {
    local service node found=0
    all_here || return 1
    tenuto alpha cluster nodes --json |
        jq -se "length == $(wc -w <<<"$NODES") and all(.[]; .state == \"online\")" >/dev/null ||
        return 1
    while read -r service node; do
        case $service in
        "$ADDRESS") held_on "$service" "$node" address || return 1 ;;
        *) held_on "$service" "$node" || return 1 ;;
        esac
        found=$((found + 1))
    done < <(places)
    [ "$found" -eq "$(wc -w <<<"$SERVICES")" ] && page_answers
}

wait_healthy() {
    wait_for "${1:-40}" 'all nodes online and every service started' healthy
}

# codes_of_why SERVICE: the reasons, oldest first, on one line.
codes_of_why() {
    local node
    node=$(quorate_node) && tenuto "$node" ha why "$1" --json | jq -r '.code // empty' | tr '\n' ' '
}

why_names() {
    codes_of_why "$1" | grep -qE "$2"
}

# why_not SERVICE NODE FROM: the step at which the node lost, and the reason, as FROM says it.
why_not() {
    tenuto "$3" ha why-not "$1" "$2" --json | jq -r 'select(.kind == "node") | "\(.step) \(.code)"'
}

# ---- the witness ---------------------------------------------------------------------------------

WITNESS=10.77.0.254
# As the kernel cuts its name.
QDEVICE=corosync-qdevic

# corosync-qnetd on the host outside, with its authority; it ends with the lab.
witness_begin() {
    [ -e "$TENUTO_LAB/witness/etc/nssdb/cert9.db" ] ||
        lab witness corosync-qnetd-certutil -i -G >/dev/null 2>&1
    setsid "$TOP/tests/lab/lab" witness corosync-qnetd -f -d \
        >>"$TENUTO_LAB/witness/log" 2>&1 </dev/null &
    wait_for 10 'corosync-qnetd' test -S "$TENUTO_LAB/witness/run/corosync-qnetd.sock"
}

witness_pid() {
    cat "$TENUTO_LAB/witness/run/corosync-qnetd.pid"
}

# witness_signal SIGNAL
witness_signal() {
    # In the mains' own count, in which that file was written.
    lab witness kill "-$1" "$(witness_pid)" || fail "corosync-qnetd does not run"
    [ "$1" != KILL ] || rm -f "$TENUTO_LAB"/witness/run/*
}

# witness_add NODE HOST [ALGORITHM]: as a person does it, with a pipe for a terminal.
witness_add() {
    local node=$1 typed=$STORY_DIR/typed adding code
    shift
    rm -f "$typed"
    mkfifo "$typed"
    timeout 150 "$TOP/tests/lab/lab" exec "$node" tenuto witness add "$@" <"$typed" \
        >"$STORY_DIR/added" 2>&1 &
    adding=$!
    exec 7>"$typed"
    for _ in $(seq 100); do
        ! grep -q '^d=/etc' "$STORY_DIR/added" || break
        kill -0 "$adding" 2>/dev/null || break
        sleep 0.1
    done
    lab witness bash -c "$(grep '^d=/etc' "$STORY_DIR/added")" >&7 2>>"$STORY_DIR/output"
    exec 7>&-
    wait "$adding"
    code=$?
    sed '/^d=.etc/d' "$STORY_DIR/added"
    return "$code"
}

# corosync.conf is written from the policy, and the witness votes; as the story before left it.
have_witness() {
    wait_healthy
    tenuto alpha cluster adopt >/dev/null 2>&1
    wait_for 20 'corosync.conf from the policy' status_is beta '.corosync.state == "agreed"'
    if ! witness_is votes; then
        witness_begin
        check 'the witness does not come' witness_add alpha $WITNESS
    fi
    wait_for 20 'a witness that votes' witness_is votes
}

# The way between one node and the witness, both ways.
witness_cut() {
    lab outside nft -f - <<END
add table ip witness
add chain ip witness in { type filter hook input priority 0; }
add rule ip witness in ip saddr 10.77.0.$(echo "$NODES" | tr ' ' '\n' | grep -n "^$1\$" | cut -d : -f 1) tcp dport 5403 drop
END
}

witness_mend() {
    lab outside nft delete table ip witness
}

# What the nodes say to each other, and nothing else.
nodes_cut() {
    lab outside nft -f - <<END
add table bridge nodes
add chain bridge nodes forward { type filter hook forward priority 0; policy drop; }
END
}

nodes_mend() {
    lab outside nft delete table bridge nodes
}

witness_is() {
    local node
    for node in $NODES; do
        status_is "$node" ".witness.state == \"votes\" and (.witness.nodes | all(.state == \"$1\"))" ||
            return 1
    done
}

# As votequorum counts on a node; the brackets hold "A,V,NMW": alive, voting.
votes_on() {
    [ "$(on_node "$1" corosync-quorumtool -s | sed -n 's/^Total votes: *//p')" = "$2" ]
}

# ---- the page ------------------------------------------------------------------------------------

page_answers() {
    lab outside curl -s -f -m 1 -o "$STORY_DIR/page" "$PAGE"
}

# Who served it.
page() {
    lab outside curl -s -f -m 1 "$PAGE"
}

# Fetches it again and again, at most as long as the story lives.
page_watch_begin() {
    # Expanded by that shell.
    # shellcheck disable=SC2016
    "$TOP/tests/lab/lab" outside sh -c 'while kill -0 "$2" 2>/dev/null; do
            if curl -s -f -m 0.4 "$1" >/dev/null; then word=yes; else word=no; fi
            read -r up _ </proc/uptime
            echo "$up $word"
            sleep 0.05
        done' sh "$PAGE" $$ >"$STORY_DIR/page-watch" 2>/dev/null &
    page_watch=$!
}

# The longest time without an answer, in milliseconds, between two answers.
page_watch_end() {
    local lines
    # The watch itself must have seen the page come back, or the gap has no end.
    lines=$(wc -l <"$STORY_DIR/page-watch")
    for _ in $(seq 60); do
        [ "$(wc -l <"$STORY_DIR/page-watch")" -lt $((lines + 3)) ] || break
        sleep 0.1
    done
    kill "$page_watch"
    wait "$page_watch" 2>/dev/null
    awk '$2 == "yes" { if (last && $1 - last > longest) longest = $1 - last; last = $1 }
        END { printf "%d\n", longest * 1000 }' "$STORY_DIR/page-watch"
}
