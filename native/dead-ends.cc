// Cutting a process off from its peers before it is forked. Each connected stream socket, and each
// pipe that leads out of the process, is replaced in place by a dead end: a socket whose other side
// is closed. The kernel closes the real connection at once, as no other process has it, and no byte
// of it can be written by two processes; reading from the descriptor gives an end of file.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <node.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#include <string>
#include <vector>

#include "arguments.h"
#include "error.h"
#include "exports.h"
#include "newborn.h"

namespace {

constexpr int kLastStdio = 2;
constexpr uint32_t kMostKept = 64;

// One for all connections that a process cuts; a newborn makes its own, and needs the descriptors
// that were cut for it.
int dead_end = -1;
std::vector<int> cut_fds;

// Descriptors that were open at startup came from the parent process, and are not the app's.
std::vector<ino_t> inherited_inodes;

struct Found {
  int fd;
  ino_t inode;
  bool is_pipe;
  bool is_writer;
};

struct Peer {
  int fd;
  const char* kind;
  std::string local;
  std::string remote;
};

ino_t InodeOf(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 ? status.st_ino : 0;
}

// A named pipe counts as a file, an anonymous one as a connection.
bool IsAnonymous(int fd) {
  char target[16] = {};
  std::string path = "/proc/self/fd/" + std::to_string(fd);
  return readlink(path.c_str(), target, sizeof target - 1) > 0 && strncmp(target, "pipe:", 5) == 0;
}

// Sockets and anonymous pipes above stdio.
bool ListSocketsAndPipes(std::vector<Found>* found) {
  DIR* directory = opendir("/proc/self/fd");
  if (directory == nullptr) return false;
  while (const dirent* entry = readdir(directory)) {
    int fd = atoi(entry->d_name);
    struct stat status;
    if (fd <= kLastStdio || fstat(fd, &status) != 0) continue;
    bool is_pipe = S_ISFIFO(status.st_mode) && IsAnonymous(fd);
    if (!is_pipe && !S_ISSOCK(status.st_mode)) continue;
    bool is_writer = is_pipe && (fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY;
    found->push_back({fd, status.st_ino, is_pipe, is_writer});
  }
  closedir(directory);
  return true;
}

int Option(int fd, int level, int name) {
  int value = 0;
  socklen_t length = sizeof value;
  return getsockopt(fd, level, name, &value, &length) == 0 ? value : -1;
}

// tcpi_state, or -1.
int TcpState(int fd) {
  tcp_info info = {};
  socklen_t length = sizeof info;
  return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 ? info.tcpi_state : -1;
}

bool IsStream(int fd) {
  int type = Option(fd, SOL_SOCKET, SO_TYPE);
  return (type == SOCK_STREAM || type == SOCK_SEQPACKET) &&
         Option(fd, SOL_SOCKET, SO_ACCEPTCONN) == 0;
}

// Also while it is being opened or closed: two processes would share it all the same.
bool IsConnection(int fd) {
  if (!IsStream(fd)) return false;
  int state = TcpState(fd);
  if (state >= 0) return state != TCP_CLOSE && state != TCP_LISTEN;
  sockaddr_storage peer;
  socklen_t length = sizeof peer;
  return getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &length) == 0;
}

// With both ends of a pipe the process wakes itself.
bool LeadsOut(const Found& end, const std::vector<Found>& all) {
  for (const Found& other : all)
    if (other.inode == end.inode && other.is_writer != end.is_writer) return false;
  return true;
}

std::string NameOf(const sockaddr_storage& address, socklen_t length) {
  if (address.ss_family == AF_UNIX) {
    const char* path = reinterpret_cast<const sockaddr_un*>(&address)->sun_path;
    size_t most =
        length > offsetof(sockaddr_un, sun_path) ? length - offsetof(sockaddr_un, sun_path) : 0;
    bool is_abstract = most > 0 && path[0] == '\0';
    std::string name(is_abstract ? "@" : "");
    if (is_abstract) path++, most--;
    return name.append(path, strnlen(path, most));
  }
  char host[64];
  char port[8];
  if (getnameinfo(reinterpret_cast<const sockaddr*>(&address), length, host, sizeof host, port,
                  sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
    return "";
  return address.ss_family == AF_INET6 ? std::string("[") + host + "]:" + port
                                       : std::string(host) + ":" + port;
}

using GetName = int (*)(int, sockaddr*, socklen_t*);

std::string Name(int fd, GetName get) {
  sockaddr_storage address = {};
  socklen_t length = sizeof address;
  if (get(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) return "";
  return NameOf(address, length);
}

Peer Describe(const Found& found) {
  if (found.is_pipe) return {found.fd, "pipe", "", ""};
  const char* kind = TcpState(found.fd) >= 0 ? "tcp" : "unix";
  return {found.fd, kind, Name(found.fd, getsockname), Name(found.fd, getpeername)};
}

bool MakeDeadEnd() {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) return false;
  close(pair[1]);
  dead_end = pair[0];
  return true;
}

bool Replace(int fd) {
  while (dup3(dead_end, fd, O_CLOEXEC) < 0)
    if (errno != EINTR && errno != EBUSY) return false;
  return true;
}

// Stdio may be open under a second number (/dev/stdout).
std::vector<ino_t> InodesToKeep(const std::vector<int>& fds) {
  std::vector<ino_t> inodes = inherited_inodes;
  for (int fd = 0; fd <= kLastStdio; fd++) inodes.push_back(InodeOf(fd));
  for (int fd : fds) inodes.push_back(InodeOf(fd));
  inodes.push_back(InodeOf(dead_end));
  return inodes;
}

bool Contains(const std::vector<ino_t>& inodes, ino_t inode) {
  for (ino_t known : inodes)
    if (known == inode) return true;
  return false;
}

v8::Local<v8::Array> ToArray(v8::Isolate* isolate, const std::vector<Peer>& peers) {
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  v8::Local<v8::Array> array = v8::Array::New(isolate);
  uint32_t count = 0;
  auto text = [isolate](const std::string& value) {
    return v8::String::NewFromUtf8(isolate, value.c_str()).ToLocalChecked();
  };
  for (const Peer& peer : peers) {
    v8::Local<v8::Object> object = v8::Object::New(isolate);
    object->Set(context, text("fd"), v8::Integer::New(isolate, peer.fd)).Check();
    object->Set(context, text("kind"), text(peer.kind)).Check();
    object->Set(context, text("local"), text(peer.local)).Check();
    object->Set(context, text("peer"), text(peer.remote)).Check();
    array->Set(context, count++, object).Check();
  }
  return array;
}

}  // namespace

void RememberInherited() {
  std::vector<Found> all;
  if (!inherited_inodes.empty() || !ListSocketsAndPipes(&all)) return;
  for (const Found& found : all) inherited_inodes.push_back(found.inode);
}

void CutConnections(const v8::FunctionCallbackInfo<v8::Value>& info) {
  Arguments arguments(info, "cutConnections");
  std::vector<int> keep = arguments.Integers(arguments.At(0), "keep", 0, kMostKept);
  if (!arguments.valid()) return;
  v8::Isolate* isolate = info.GetIsolate();
  uv_loop_t* loop = node::GetCurrentEventLoop(isolate);
  if (dead_end < 0 && !MakeDeadEnd()) return ThrowErrno(isolate, errno, "socketpair");
  std::vector<ino_t> kept = InodesToKeep(keep);
  std::vector<Found> all;
  if (!ListSocketsAndPipes(&all)) return ThrowErrno(isolate, errno, "list /proc/self/fd");

  std::vector<Peer> peers;
  for (const Found& found : all) {
    if (Contains(kept, found.inode)) continue;
    if (found.is_pipe ? !LeadsOut(found, all) : !IsConnection(found.fd)) continue;
    Peer peer = Describe(found);
    // If a child of the app has the connection too, it would otherwise stay in the epoll set.
    if (loop != nullptr) epoll_ctl(uv_backend_fd(loop), EPOLL_CTL_DEL, found.fd, nullptr);
    if (!Replace(found.fd))
      return ThrowErrno(isolate, errno, "cut descriptor " + std::to_string(found.fd));
    peers.push_back(peer);
    cut_fds.push_back(found.fd);
  }
  info.GetReturnValue().Set(ToArray(isolate, peers));
}

void GiveUpConnecting(const v8::FunctionCallbackInfo<v8::Value>& info) {
  std::vector<Found> all;
  if (!ListSocketsAndPipes(&all)) return ThrowErrno(info.GetIsolate(), errno, "list /proc/self/fd");
  int count = 0;
  for (const Found& found : all)
    if (!found.is_pipe && TcpState(found.fd) == TCP_SYN_SENT) {
      shutdown(found.fd, SHUT_RDWR);
      count++;
    }
  info.GetReturnValue().Set(count);
}

Failure OwnDeadEnds() {
  if (dead_end < 0) return {};
  ino_t inherited = InodeOf(dead_end);
  int parents = dead_end;
  if (!MakeDeadEnd()) return {"cannot make a dead end of its own", errno};
  for (int fd : cut_fds)
    if (InodeOf(fd) == inherited && !Replace(fd)) return {"cannot own a cut descriptor", errno};
  close(parents);
  cut_fds.clear();
  return {};
}
