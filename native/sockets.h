// Sockets: what waits in one, what the kernel says of it and of its network.
#pragma once

#include <cstring>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "call.h"

namespace {

// Where the next look into a socket's queue begins (SO_PEEK_OFF of socket(7)): the offset before, or -errno.
Value PeekFrom(const CallbackInfo &info) {
  Reader in(info);
  int fd = in.fd(0);
  int offset = in.i32(1);
  if (!in.ok()) return {};
  int before = 0;
  socklen_t size = sizeof before;
  if (getsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &before, &size) < 0) return answer(info, -1);
  if (setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof offset) < 0) return answer(info, -1);
  // -1 is an offset like others.
  return answer(info, before + 1);
}

// getsockopt(2) of an option that is a number, and never a negative one.
Value Getsockopt(const CallbackInfo &info) {
  Reader in(info);
  int fd = in.fd(0);
  int level = in.i32(1);
  int name = in.i32(2);
  if (!in.ok()) return {};
  int value = 0;
  socklen_t size = sizeof value;
  if (getsockopt(fd, level, name, &value, &size) < 0) return answer(info, -1);
  return answer(info, value);
}

// setsockopt(2) of an option that is a number.
Value Setsockopt(const CallbackInfo &info) {
  Reader in(info);
  int fd = in.fd(0);
  int level = in.i32(1);
  int name = in.i32(2);
  int value = in.i32(3);
  if (!in.ok()) return {};
  return answer(info, setsockopt(fd, level, name, &value, sizeof value));
}

// recvmsg(2) that takes nothing: copies of the files in the next message, which the caller closes. How many, or
// -errno; -EAGAIN past the last message.
Value PeekFiles(const CallbackInfo &info) {
  Reader in(info);
  int fd = in.fd(0);
  size_t size;
  uint8_t *fds = in.memory(1, &size);
  if (!in.ok()) return {};
  char byte[65536];
  struct iovec data = {byte, sizeof byte};
  // SCM_MAX_FD of unix(7) is 253.
  alignas(struct cmsghdr) char control[CMSG_SPACE(253 * sizeof(int)) + 512];
  struct msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t length = recvmsg(fd, &message, MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (length < 0) return answer(info, -1);
  long count = 0;
  for (auto *part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    size_t bytes = part->cmsg_len - CMSG_LEN(0);
    for (size_t at = 0; at + sizeof(int) <= bytes; at += sizeof(int), count++) {
      int received;
      memcpy(&received, CMSG_DATA(part) + at, sizeof received);
      if ((static_cast<size_t>(count) + 1) * sizeof(int) <= size)
        memcpy(fds + static_cast<size_t>(count) * sizeof(int), &received, sizeof received);
      else
        close(received);
    }
  }
  if (length == 0 && count == 0) return errno = EAGAIN, answer(info, -1);
  return answer(info, count);
}

// Whether what a netlink socket answered ends here: with the last message of a dump, or an error.
bool isEnd(const uint8_t *data, size_t length) {
  for (size_t at = 0; at + sizeof(nlmsghdr) <= length;) {
    nlmsghdr header;
    memcpy(&header, data + at, sizeof header);
    if (header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR) return true;
    if (header.nlmsg_len < sizeof header) return true;
    at += NLMSG_ALIGN(header.nlmsg_len);
  }
  return length == 0;
}

// netlink(7): one request that asks for a dump, and all messages of the answer. Their length, or -errno; -EOVERFLOW
// where there is no room. One call, because it is asked in each network namespace of a machine.
Value Netlink(const CallbackInfo &info) {
  Reader in(info);
  int protocol = in.i32(0);
  size_t size, room;
  uint8_t *request = in.memory(1, &size);
  uint8_t *data = in.memory(2, &room);
  if (!in.ok()) return {};
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
  if (fd < 0) return answer(info, -1);
  ssize_t result = send(fd, request, size, 0);
  size_t used = 0;
  while (result >= 0) {
    // What does not fit would be cut without a word.
    result = recv(fd, data + used, room - used, MSG_TRUNC);
    if (result < 0 && errno == EINTR) {
      result = 0;
      continue;
    }
    if (result < 0) break;
    if (static_cast<size_t>(result) > room - used) {
      errno = EOVERFLOW;
      result = -1;
      break;
    }
    size_t begin = used;
    used += static_cast<size_t>(result);
    if (isEnd(data + begin, used - begin)) break;
  }
  int error = errno;
  close(fd);
  errno = error;
  return answer(info, result < 0 ? -1 : static_cast<long>(used));
}

}  // namespace
