"""Runs PostgreSQL as an ordinary user when we are root: it refuses to run as root itself."""

import ctypes
import os
import pwd
from collections.abc import Callable
from pathlib import Path

PR_SET_PDEATHSIG, PR_SET_KEEPCAPS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 1, 8, 47, 2
CAP_DAC_OVERRIDE = 1
LINUX_CAPABILITY_VERSION_3 = 0x20080522

libc = ctypes.CDLL(None, use_errno=True)


class CapabilitySet(ctypes.Structure):
    _fields_ = [("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32)]


def service_user(directory: Path) -> pwd.struct_passwd | None:
    """Who should own and run what lives in `directory`; None means ourselves (we are not root)."""
    if os.geteuid() != 0:
        return None
    if directory.exists() and directory.stat().st_uid != 0:
        return pwd.getpwuid(directory.stat().st_uid)
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("running as root needs a user 'postgres' or 'nobody' to run PostgreSQL as")


def can_reach(user: pwd.struct_passwd, path: Path) -> bool:
    """Whether `user` may read and pass every directory down to `path`."""
    for part in {*path.absolute().parents, path.resolve(), *path.resolve().parents}:
        stat = part.stat()
        shift = 6 if stat.st_uid == user.pw_uid else 3 if stat.st_gid == user.pw_gid else 0
        if not (stat.st_mode >> shift) & 0o1:
            return False
    return True


def become(user: pwd.struct_passwd, *, keep_reach: bool) -> Callable[[], None]:
    """A function for `subprocess.Popen(preexec_fn=…)` that turns a child of root into `user`.

    With `keep_reach` the child may still pass directories closed to `user`: a checkout under /root has mode 0700
    above it, and opening root's home to everybody would be worse than one ambient capability.
    """

    def drop() -> None:
        if keep_reach:
            check(libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0))
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
        if keep_reach:
            keep_capability(CAP_DAC_OVERRIDE)

    return drop


def keep_capability(capability: int) -> None:
    """Makes `capability` survive the coming exec, and drops all others."""
    bit = 1 << capability
    header = (ctypes.c_uint32 * 2)(LINUX_CAPABILITY_VERSION_3, 0)
    sets = (CapabilitySet * 2)(CapabilitySet(bit, bit, bit), CapabilitySet(0, 0, 0))
    check(libc.capset(header, sets))
    check(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0))


def die_with_parent(signal_number: int) -> None:
    """Asks the kernel to send us `signal_number` when the thread that started us is gone. Lost on a change of user."""
    check(libc.prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0))


def check(result: int) -> None:
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
