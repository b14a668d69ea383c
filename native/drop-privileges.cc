// A program of its own, between root's monitor and a process of the app's user: it takes from
// itself whatever that user must not have, then becomes the program it was asked for. This has to
// happen before Node starts, since several of these properties belong to a thread, and Node has
// many from the beginning.
//
//   drop-privileges run UID GID NO_NEW_PRIVILEGES PROGRAM ARGUMENT…
//   drop-privileges writable UID GID PATH…      prints the paths that the user can write to
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace {

// After stdio and the channel to the monitor (bootChannelFd in lib/protocol/channel.ts).
constexpr unsigned kFirstForeignDescriptor = 4;
constexpr unsigned kMostDescriptors = 1 << 20;

void Require(bool succeeded, const char* step) {
  if (succeeded) return;
  dprintf(STDERR_FILENO, "pitchfork-ts: cannot start a process of `user`: %s: %s\n", step,
          strerror(errno));
  _exit(EXIT_FAILURE);
}

// Descriptors that the monitor inherited itself, such as a shell's, may be open here as well: Node
// marks only the lowest ones close-on-exec.
void CloseForeignDescriptors() {
#ifdef SYS_close_range
  if (syscall(SYS_close_range, kFirstForeignDescriptor, ~0U, 0) == 0) return;
#endif
  for (unsigned fd = kFirstForeignDescriptor; fd < kMostDescriptors; fd++)
    close(static_cast<int>(fd));
}

// Without a controlling terminal a process cannot type into one (TIOCSTI). But one that is in
// another session may read from a terminal without being stopped, hence the output is write-only.
void LeaveTerminal() {
  Require(setsid() >= 0, "setsid");
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
    if (isatty(fd) == 0) continue;
    char path[sizeof "/proc/self/fd/0"];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int own = fd == STDIN_FILENO ? open("/dev/null", O_RDONLY) : open(path, O_WRONLY | O_NOCTTY);
    Require(own >= 0 && dup2(own, fd) >= 0 && close(own) == 0, "reopen the terminal");
  }
}

// The kernel does not execute a file whose capabilities (setcap(8)) the bounding set lacks.
uint64_t CapabilitiesOf(const char* file) {
  vfs_ns_cap_data data = {};
  if (getxattr(file, "security.capability", &data, sizeof data) < 0) return 0;
  return data.data[0].permitted | static_cast<uint64_t>(data.data[1].permitted) << 32;
}

// While still root. EPERM: this root has no CAP_SETPCAP, so its set is small already.
void DropBoundingSet(uint64_t kept) {
  for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
    if ((kept >> cap & 1) == 0)
      Require(prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0 || errno == EPERM, "PR_CAPBSET_DROP");
}

// The order matters: each step needs the privileges that the next one gives up.
void BecomeUser(uid_t uid, gid_t gid) {
  Require(setgroups(0, nullptr) == 0, "setgroups");
  Require(setresgid(gid, gid, gid) == 0, "setresgid");
  Require(setresuid(uid, uid, uid) == 0, "setresuid");
  if (uid == 0) return;
  // Inheritable capabilities outlive a change of the user.
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  Require(syscall(SYS_capset, &header, none) == 0, "capset");
  bool is_root_again = setresuid(0, 0, 0) == 0;
  errno = EEXIST;
  Require(!is_root_again, "give up root for good");
}

// The keys of root's login are no business of the app's: keyrings(7). Not every kernel has them.
void LeaveKeyring() { syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr); }

[[noreturn]] void Run(uid_t uid, gid_t gid, bool no_new_privileges, char** command) {
  CloseForeignDescriptors();
  LeaveTerminal();
  if (uid != 0) DropBoundingSet(CapabilitiesOf(command[0]));
  BecomeUser(uid, gid);
  LeaveKeyring();
  if (no_new_privileges)
    Require(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "PR_SET_NO_NEW_PRIVS");
  execv(command[0], command);
  Require(false, command[0]);
  _exit(EXIT_FAILURE);
}

[[noreturn]] void PrintWritable(uid_t uid, gid_t gid, char** paths) {
  BecomeUser(uid, gid);
  for (; *paths != nullptr; paths++)
    if (access(*paths, W_OK) == 0)
      Require(fwrite(*paths, strlen(*paths) + 1, 1, stdout) == 1, "write");
  Require(fflush(stdout) == 0, "write");
  _exit(EXIT_SUCCESS);
}

bool ParseId(const char* text, uint32_t* id) {
  char* end = nullptr;
  errno = 0;
  unsigned long number = strtoul(text, &end, 10);
  *id = static_cast<uint32_t>(number);
  return errno == 0 && *text >= '0' && *text <= '9' && *end == '\0' && number < UINT32_MAX;
}

}  // namespace

int main(int count, char** arguments) {
  uint32_t uid = 0;
  uint32_t gid = 0;
  bool has_ids = count > 4 && ParseId(arguments[2], &uid) && ParseId(arguments[3], &gid);
  errno = EINVAL;
  Require(has_ids, "arguments");
  if (strcmp(arguments[1], "writable") == 0) PrintWritable(uid, gid, arguments + 4);
  errno = EINVAL;
  Require(count > 5 && strcmp(arguments[1], "run") == 0, "arguments");
  Run(uid, gid, strcmp(arguments[4], "0") != 0, arguments + 5);
}
