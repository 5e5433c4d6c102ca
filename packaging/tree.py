# SPDX-License-Identifier: Apache-2.0

"""Tree: files as they are to be in an archive, and the same bytes for the same files.

Sorted by name, one time for all, owners as given and not those of the user that builds: no root is needed to make files of root.
"""
import gzip
import io
import os
import tarfile


def epoch():
    """The time of everything that is made: seconds since 1970, SOURCE_DATE_EPOCH (reproducible-builds.org)."""
    value = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not value.isdigit():
        raise SystemExit("SOURCE_DATE_EPOCH must be the time of the commit, in seconds: `./dev package` sets it")
    return int(value)


class Tree:
    def __init__(self):
        self.entries = {}  # path -> (TarInfo, content)

    def _add(self, path, kind, mode, owner, content=b"", target=""):
        parent = os.path.dirname(path)
        if parent and parent not in self.entries:
            self.folder(parent)
        entry = tarfile.TarInfo(path)
        entry.type, entry.mode, entry.uid, entry.gid = kind, mode, owner, owner
        entry.size, entry.linkname, entry.mtime = len(content), target, epoch()
        self.entries[path] = (entry, content)

    def file(self, path, content, mode=0o644):
        self._add(path, tarfile.REGTYPE, mode, 0, content if isinstance(content, bytes) else content.encode())

    def folder(self, path, mode=0o755, owner=0):
        self._add(path, tarfile.DIRTYPE, mode, owner)

    def link(self, path, target):
        self._add(path, tarfile.SYMTYPE, 0o777, 0, target=target)

    def copy(self, path, source):
        """A file of the disk, or all files in a folder; whether others may run it is kept, and nothing else of its mode."""
        if os.path.isdir(source):
            for name in os.listdir(source):
                self.copy(os.path.join(path, name), os.path.join(source, name))
            return
        with open(source, "rb") as file:
            self.file(path, file.read(), 0o755 if os.stat(source).st_mode & 0o001 else 0o644)

    def put(self, path, tree):
        """All of another tree, in the folder at `path`."""
        for name, (entry, content) in tree.entries.items():
            self._add(os.path.join(path, name), entry.type, entry.mode, entry.uid, content, entry.linkname)

    def tar(self):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
            for path in sorted(self.entries):
                entry, content = self.entries[path]
                tar.addfile(entry, io.BytesIO(content))
        return out.getvalue()


def compressed(data):
    return gzip.compress(data, 9, mtime=0)
