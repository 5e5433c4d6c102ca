# SPDX-License-Identifier: Apache-2.0

"""The faults between hosts. Each is a function that takes the scene, the replica that it strikes, and the witnesses; it ends
when the damage is repaired. Its effect on the clients is measured and checked around it (scene.py)."""
import signal
import time

from harness import wait_until
from scene import last, queued_reads
from network import ME, both_ways


def hosts(scene, indices=None):
    return [scene.group.hosts[i] for i in sorted(scene.group.hosts if indices is None else indices)]


def others(scene, struck):
    return [i for i in sorted(scene.group.hosts) if i != struck]


def everything_but_clients(scene, struck):
    return [name for name in scene.network.addresses if name not in (ME, scene.group.hosts[struck])]


def partition(scene, struck, _):
    """One replica is cut off from the others and from the register; clients reach it."""
    scene.network.cut(hosts(scene, [struck]), everything_but_clients(scene, struck))
    scene.group.wait_view_without(struck, others(scene, struck))
    last(1.5)
    scene.network.heal()


def halves(scene, struck, witnesses):
    """The smaller half and the larger one do not hear each other; both reach the register. The larger goes on."""
    small = [struck, *others(scene, struck)][:(scene.group.size - 1) // 2]
    large = [i for i in scene.group.hosts if i not in small]
    scene.network.cut(hosts(scene, small), hosts(scene, large))
    for index in small:
        scene.group.wait_view_without(index, large)
    last(1.5)
    scene.network.heal()


def one_way(scene, struck, _):
    """The others do not hear one replica any more, and it hears them."""
    ways = [(scene.group.hosts[struck], host) for host in hosts(scene, others(scene, struck))]
    scene.network.rules(ways, "cut")
    wait_served_again(scene)
    last(2)
    scene.network.heal()


def one_pair(scene, struck, _):
    """Two replicas do not hear each other; everybody else hears both. One of them leaves, and stays outside."""
    scene.network.cut(hosts(scene, [struck]), hosts(scene, others(scene, struck)[:1]))
    wait_served_again(scene)
    third = others(scene, struck)[-1]
    view = wait_one_less(scene, third)
    last(4)  # longer than the patience with a member that was never heard
    if scene.group.status(third)["view"] != view:
        raise AssertionError("who cannot hear a member came back, and had to leave again")
    scene.network.heal()


def loss(scene, _, witnesses):
    """30 % of all packets between replicas are lost."""
    scene.network.rules(both_ways(hosts(scene), hosts(scene)), "loss 300")
    last(6)
    scene.network.heal()


def delay(scene, _, witnesses):
    """Every packet between replicas takes 40 to 60 ms."""
    scene.network.rules(both_ways(hosts(scene), hosts(scene)), "delay 50000 jitter 10000")
    last(4)
    scene.network.heal()


def flapping(scene, struck, _):
    """The links of one replica come and go, every second."""
    for _ in range(5):
        scene.network.cut(hosts(scene, [struck]), hosts(scene, others(scene, struck)))
        last(1)
        scene.network.heal()
        last(1)


def register_member(scene, struck, _):
    """One member of the register's three is gone."""
    host = scene.chance.choice(scene.etcd.hosts)
    scene.etcd.kill(host)
    last(1.5)
    scene.etcd.start(host)
    wait_until(lambda: scene.etcd.ask("/v3/kv/range", {"key": "YQ=="}, [host]), f"{host} to serve", 20, 0.1)


def register_majority(scene, struck, _):
    """The register is away: service goes on. Then a replica dies: writes wait until the register is back."""
    view = scene.group.status(struck)["view"]
    down = scene.etcd.hosts[:2]
    for host in down:
        scene.etcd.kill(host)
    last(2)
    if any(s["view"] != view for s in scene.group.statuses().values()):
        raise AssertionError("a view changed without its register")
    scene.group.kill(struck)
    last(1.5)
    for host in down:
        scene.etcd.start(host)
    scene.group.wait_view_without(struck, others(scene, struck), 40)
    scene.group.start(struck)


def stopped(scene, struck, witnesses):
    """One replica stands still until it is excluded, and then goes on with questions that came meanwhile."""
    writer = witnesses.writers["elsewhere"]
    ask, judge = queued_reads(scene.group, struck, writer)
    scene.group.signal(struck, signal.SIGSTOP)
    try:
        scene.group.wait_view_without(struck, others(scene, struck))
        mark = writer.acknowledged
        wait_until(lambda: writer.error or writer.acknowledged > mark + 20, "writes to go on without it")
        floor = ask()
    finally:
        scene.group.signal(struck, signal.SIGCONT)
    judge(floor)


def kill_each(scene, struck, witnesses):
    """kill -9 of one replica after another, down to the last one, and all back."""
    victims = [struck, *others(scene, struck)][:-1]
    alive = set(scene.group.hosts)
    for victim in victims:
        scene.group.kill(victim)
        alive.discard(victim)
        scene.group.wait_view_without(victim, sorted(alive))
        witnesses.all_served()
    for victim in victims:
        scene.group.start(victim)


def kill_all(scene, struck, _):
    """kill -9 of all at once: the cluster begins again by itself, from the disks of its last members."""
    for index in scene.group.hosts:
        scene.group.kill(index)
    for index in scene.group.hosts:
        scene.group.start(index)


def replace(scene, struck, witnesses):
    """A new machine takes the place of one that is gone."""
    group = scene.group
    group.kill(struck)
    spare, gone = group.spares.pop(0), group.hosts[struck]
    group.hosts[struck] = spare
    group.command("replica", "replace", struck, group.seat(struck))
    group.start(struck)
    group.wait_members(group.hosts, 60)
    group.spares.append(gone)


def rolling(scene, struck, witnesses):
    """Every replica is stopped and started again, one after another, as for an upgrade."""
    for index in sorted(scene.group.hosts):
        scene.group.leave(index)
        scene.group.start(index)
        scene.group.wait_members(scene.group.hosts, 60)


def slow_clock(scene, struck, witnesses):
    """A replica whose clock is 1 % slow is cut off: what it holds for its lease lasts longer than the others believe."""
    group = scene.group
    group.leave(struck)
    group.clocks[struck] = 990
    group.start(struck)
    group.wait_members(group.hosts, 60)
    witnesses.all_served()
    witnesses.began = time.monotonic()
    partition(scene, struck, witnesses)
    group.wait_members(group.hosts, 60)
    del group.clocks[struck]
    group.leave(struck)
    group.start(struck)


def wait_one_less(scene, asked):
    """Until one of the replicas is not in the view; its number."""
    return wait_until(lambda: (s := scene.group.status(asked)) and not s["wedged"] and
                      len(s["members"]) == scene.group.size - 1 and s["view"], "one to leave", 20)


def wait_served_again(scene):
    """Until the replicas that answer agree on a view in which nobody waits."""
    def settled():
        now = scene.group.statuses()
        serving = [s for s in now.values() if not s["wedged"] and s["full"]]
        newest = max((s["view"] for s in serving), default=0)
        return serving and any(
            all(m["id"] in now and now[m["id"]]["view"] == newest for m in s["members"])
            for s in serving if s["view"] == newest)

    wait_until(settled, lambda: "a view that serves: " + str(
        {i: (s["view"], s["wedged"]) for i, s in scene.group.statuses().items()}), 30)


ALL = {f.__name__: f for f in (partition, halves, one_way, one_pair, loss, delay, flapping, register_member,
                               register_majority, stopped, kill_each, kill_all, replace, rolling, slow_clock)}
SHORT = ("partition", "one_pair", "stopped", "kill_each", "register_majority", "rolling")
