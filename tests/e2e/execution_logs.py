# SPDX-License-Identifier: Apache-2.0

"""What each replica has executed, as it wrote it down: one order for all."""
import os


def check(folder):
    """The execution logs of all replicas, dead ones included, are prefixes of one another. Returns {name: bytes}."""
    names = sorted(os.listdir(folder))
    sizes = {name: os.path.getsize(os.path.join(folder, name)) for name in names}
    longest = max(names, key=sizes.get)
    for name in names:
        at = first_difference(os.path.join(folder, longest), os.path.join(folder, name), sizes[name])
        if at is not None:
            raise AssertionError(f"{name} and {longest} differ at byte {at} of {sizes[name]}:" + "".join(
                f"\n  {n}: {piece(os.path.join(folder, n), at)}" for n in (name, longest)))
    return sizes


def first_difference(one, other, size, step=1 << 20):
    """Where the first `size` bytes of two files differ, or None."""
    with open(one, "rb") as a, open(other, "rb") as b:
        for at in range(0, size, step):
            left, right = a.read(min(step, size - at)), b.read(min(step, size - at))
            if left != right:
                return at + next(i for i in range(step) if left[i:i + 1] != right[i:i + 1])
    return None


def piece(path, at):
    with open(path, "rb") as file:
        file.seek(max(0, at - 100))
        return file.read(300)
