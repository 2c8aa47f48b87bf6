// Clients of a monitor's socket: what they are shown, what they type, and that nobody waits for them.
#include <poll.h>
#include <sys/un.h>

#include "harness.h"
#include "monitored.h"

using namespace monitored;

namespace {

struct Client {
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  explicit Client(const Life& life) {
    struct sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    const std::string path = life.dir / "run/socket";
    std::copy(path.begin(), path.end(), address.sun_path);
    if (connect(fd, reinterpret_cast<const struct sockaddr*>(&address), sizeof address) != 0) std::perror("connect"), std::abort();
  }
  ~Client() { close(fd); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  template <class M>
  void tell(const M& m) {
    message::Writer out;
    write(out, m);
    raw(std::string(reinterpret_cast<const char*>(out.data()), out.size()));
  }
  void raw(const std::string& bytes) {
    if (send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) std::perror("send"), std::abort();
  }
  void type(const std::string& text) { tell(message::stdin{{reinterpret_cast<const uint8_t*>(text.data()), static_cast<uint32_t>(text.size())}}); }

  // One frame: "1:text" of an output, "exit CODE" at the end, "" when hung up.
  std::string next() {
    uint8_t head[message::kHeader];
    if (!whole(head, sizeof head)) return "";
    const size_t size = static_cast<size_t>(head[4]) << 24 | static_cast<size_t>(head[5]) << 16 | static_cast<size_t>(head[6]) << 8 | head[7];
    std::string payload(size, '\0');
    if (!whole(payload.data(), size)) return "";
    if (head[0] < 3) return std::to_string(head[0]) + ":" + payload;
    message::exit m;
    const message::Frame frame = {static_cast<message::Kind>(head[0]), reinterpret_cast<const uint8_t*>(payload.data()), size};
    return message::read(frame, m) ? "exit " + std::to_string(m.code) : "odd";
  }
  // Frames until what they hold of the outputs is so long.
  std::string text(size_t size) {
    std::string all;
    while (all.size() < size) {
      const std::string frame = next();
      if (frame.empty() || frame[1] != ':') return all + "|" + frame;
      all += frame.substr(2);
    }
    return all;
  }
  // What was told so far has been heard: a client is answered in order.
  void attach(Life& life) {
    tell(message::attach{1, 1});
    type("sync\n");
    EXPECT_EQ(text(5), "sync\n");
    (void)life;
  }

 private:
  bool whole(void* to, size_t size) {
    for (size_t at = 0; at < size;) {
      const ssize_t n = recv(fd, static_cast<char*>(to) + at, size - at, 0);
      if (n <= 0) return false;
      at += static_cast<size_t>(n);
    }
    return true;
  }
};

// A detached container: the caller is told that it runs, and goes.
bool detached(Life& life) {
  life.stays = 1;
  life.isDetached = true;
  const bool up = started(life);
  close(life.socket);
  life.socket = -1;
  return up;
}

}  // namespace

ROOT_TEST(clientsTypeAndAreShown) {
  Life life("while read line; do echo $line; echo err >&2; done; exit 6");
  life.logBytes = 1'000'000, life.logFiles = 3;
  EXPECT(detached(life));
  {
    Client first(life);
    first.tell(message::attach{1, 1});
    first.type("hello\n");
    std::string both = first.next() + first.next();
    EXPECT(both == "1:hello\n2:err\n" || both == "2:err\n1:hello\n");
  }
  // it stays for the next, who may be slow to speak
  Client second(life), third(life);
  third.tell(message::attach{0, 1});
  second.tell(message::attach{1, 1});
  for (const char c : std::string("\0\0\0\0\0\0\0\6again\n", 14)) second.raw(std::string(1, c));
  EXPECT(second.text(10).find("again\n") != std::string::npos);
  second.tell(message::closeStdin{});
  EXPECT_EQ(second.next(), "exit 6");
  EXPECT_EQ(second.next(), "");
  EXPECT_EQ(life.ended(), 0);
  const std::string log = readFile(life.dir / "data/json.log");
  EXPECT(log.find("{\"log\":\"hello\\n\",\"stream\":\"stdout\"") == 0 || log.find("{\"log\":\"hello\\n\"") != std::string::npos);
  EXPECT(log.find("{\"log\":\"err\\n\",\"stream\":\"stderr\"") != std::string::npos);
}

ROOT_TEST(whoLagsBehindIsHungUpOn) {
  Life life("while read line; do i=0; while [ $i -lt 500 ]; do echo 0123456789012345678901234567890123456789; i=$((i+1)); done; done; exit 2");
  EXPECT(detached(life));
  Client slow(life), quick(life);
  slow.tell(message::attach{0, 1});
  quick.tell(message::attach{1, 1});
  // It asks for more when it has all: however busy the machine is, this one is never far behind.
  size_t taken = 0;
  for (int i = 0; i < 120; ++i) {
    quick.type("go\n");
    taken += quick.text(500 * 41).size();
  }
  EXPECT_EQ(taken, 60000u * 41);
  quick.tell(message::closeStdin{});
  EXPECT_EQ(quick.next(), "exit 2");
  EXPECT_EQ(life.ended(), 0);
  const std::string got = slow.text(60000 * 41);
  EXPECT(got.size() > 50'000 && got.ends_with("|"));   // whole frames, then nothing
}

ROOT_TEST(whatNobodyTakesIsNotReadFromAClient) {
  Life life("busybox sleep 0.3; busybox wc -c; exit 3");
  EXPECT(detached(life));
  Client client(life);
  client.tell(message::attach{1, 1});
  const std::string much(1500, 'x');
  for (int i = 0; i < 200; ++i) client.type(much);
  client.tell(message::closeStdin{});
  EXPECT_EQ(client.next(), "1:300000\n");
  EXPECT_EQ(client.next(), "exit 3");
  life.ended();
}

ROOT_TEST(whatIsNoMessageIsHungUpOn) {
  Life life("read line; exit 4");
  EXPECT(detached(life));
  for (const std::string& bytes : {std::string("\x20\0\0\0\0\0\0\0", 8), std::string("\x13\0\0\0\xff\xff\xff\xff", 8),
                                   std::string("\x12\0\0\0\0\0\0\4abcd", 12), std::string("GET / HTTP/1.1\r\n\r\n")}) {
    Client odd(life);
    odd.raw(bytes);
    EXPECT_EQ(odd.next(), "");
  }
  Client client(life);
  client.tell(message::attach{1, 1});
  client.type("x\n");
  EXPECT_EQ(client.next(), "exit 4");
  EXPECT_EQ(life.ended(), 0);
}

ROOT_TEST(moreClientsThanThereAreSeatsWait) {
  Life life("while read line; do echo $line; done; exit 5");
  EXPECT(detached(life));
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 150; ++i) clients.push_back(std::make_unique<Client>(life));
  clients.front()->attach(life);
  clients.back()->tell(message::attach{1, 1});
  while (clients.size() > 100) clients.erase(clients.begin());
  clients.back()->type("late\n");
  EXPECT_EQ(clients.back()->next(), "1:late\n");
  clients.back()->tell(message::closeStdin{});
  EXPECT_EQ(clients.back()->next(), "exit 5");
  EXPECT_EQ(life.ended(), 0);
}
