// Every function of the driver that the addon uses, with every fault that it can have. The parent
// hands the functions out to children, so that a crash is one fault's and not the sweep's.
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "baseline.h"
#include "cases.h"
#include "lab.h"
#include "verdict.h"

namespace gpuring::faults {
namespace {

constexpr int kJobs = 16;  // they wait more than they compute
constexpr int kSilenceMs = 60'000;

struct Options {
  std::string wanted;  // only functions whose names contain it
  bool thin = false;
  int jobs = kJobs;
  std::vector<std::string> only;  // only cases whose names contain one of them
};

// The child.

class Sweep {
 public:
  explicit Sweep(const Options& options, int from) : options_(options), from_(from) {}

  // Lines for the parent: "N cases", "at N NAME", "miss N NAME: why", "none".
  void Run(const UsedFunction& used);

 private:
  bool IsWanted(const std::string& name) const {
    const std::vector<std::string>& only = options_.only;
    return only.empty() || std::any_of(only.begin(), only.end(), [&name](const std::string& part) {
             return name.find(part) != std::string::npos;
           });
  }
  void RunCase(const Lab& lab, const Baseline& baseline, const Chosen& chosen, const Case& one);

  const Options& options_;
  const int from_;
};

void Sweep::Run(const UsedFunction& used) {
  const Lab lab(DriverWithout(GPURING_SIMULATOR_PATH, used.without));
  const Role role = RoleOf(used.name);
  if (role.parts == 0) {
    std::printf("miss 0 %s: the sweep does not know what it is for\n", used.name.c_str());
    return;
  }
  const std::optional<Census> census = TakeCensus(lab, used.name, role);
  if (!census) {
    std::printf("none\n");
    return;
  }
  const Chosen chosen = {used.name, role, *census, options_.thin};
  const std::vector<Case> cases = CasesOf(chosen);
  std::printf("%zu cases\n", cases.size());
  const Baseline baseline(lab, {.real_time = census->script.real_time});
  for (size_t at = static_cast<size_t>(from_); at < cases.size(); at++) {
    if (!IsWanted(cases[at].name)) continue;
    std::printf("at %zu %s\n", at, cases[at].name.c_str());
    std::fflush(stdout);
    if (cases[at].kind == Kind::kMissing) {
      std::vector<std::string> without = used.without;
      without.push_back(used.name);
      const Lab lacking(DriverWithout(GPURING_SIMULATOR_PATH, without));
      Case missing = cases[at];
      missing.plan.faults = "[]";
      missing.plan.lacks_function = true;
      missing.subject = -1;
      RunCase(lacking, baseline, chosen, missing);
    } else {
      RunCase(lab, baseline, chosen, cases[at]);
    }
  }
}

void Sweep::RunCase(const Lab& lab, const Baseline& baseline, const Chosen& chosen,
                    const Case& one) {
  const IsWell is_well = [&](Record& record, int round) {
    std::string ailment = AilmentOf(baseline, chosen, one, record, round);
    if (ailment.empty()) return true;
    record.last_ailment = std::move(ailment);
    return false;
  };
  const Record record = RunEpisode(lab, one.plan, is_well);
  for (const std::string& miss : Judge(baseline, chosen, one, record)) {
    std::printf("miss %s: %s\n", one.name.c_str(), miss.c_str());
  }
}

// The parent.

struct Tally {
  size_t faults = 0;
  size_t misclassified = 0;
  size_t crashes = 0;
};

struct Job {
  UsedFunction used;
  pid_t child = -1;
  int pipe = -1;
  std::string pending;  // of a line
  size_t cases = 0;
  int at = -1;
  std::string at_name;
  size_t done = 0;
  std::vector<std::string> misses;
  std::string last_missed;
  size_t misclassified = 0;
  size_t crashes = 0;
  bool never_called = false;
};

class Foreman {
 public:
  explicit Foreman(const Options& options) : options_(options) {}
  int Run();

 private:
  void Start(Job* job, int from);
  void Read(Job* job);
  void Take(Job* job, const std::string& line);
  void End(Job* job);
  void Report(const Job& job);

  const Options& options_;
  std::vector<Job> waiting_;
  std::vector<Job> running_;
  std::map<std::string, bool> called_;  // each function, in some driver
  std::map<std::string, bool> counted_;
  Tally tally_;
};

void Foreman::Start(Job* job, int from) {
  int ends[2];
  if (pipe(ends) != 0) std::abort();
  std::fflush(stdout);
  job->child = fork();
  if (job->child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    Sweep(options_, from).Run(job->used);
    std::fflush(stdout);
    DeleteCopies();
    _exit(0);  // threads may be left in calls that hang
  }
  close(ends[1]);
  job->pipe = ends[0];
}

void Foreman::Take(Job* job, const std::string& line) {
  char name[160] = "";
  if (std::sscanf(line.c_str(), "%zu cases", &job->cases) == 1) return;
  if (std::sscanf(line.c_str(), "at %d %159[^\n]", &job->at, name) == 2) {
    job->at_name = name;
    job->done++;
  } else if (line.rfind("miss ", 0) == 0) {
    if (job->at_name != job->last_missed || job->at < 0) job->misclassified++;
    job->last_missed = job->at_name;
    job->misses.push_back(line.substr(5));
  } else if (line == "none") {
    job->never_called = true;
  } else if (!line.empty()) {
    std::printf("  %s\n", line.c_str());
  }
}

void Foreman::Read(Job* job) {
  char buffer[4096];
  const ssize_t got = read(job->pipe, buffer, sizeof(buffer));
  if (got <= 0) return End(job);
  job->pending.append(buffer, static_cast<size_t>(got));
  for (size_t end; (end = job->pending.find('\n')) != std::string::npos;) {
    Take(job, job->pending.substr(0, end));
    job->pending.erase(0, end + 1);
  }
}

void Foreman::End(Job* job) {
  close(job->pipe);
  int status = 0;
  waitpid(job->child, &status, 0);
  job->child = -1;
  if (status == 0) return Report(*job);
  job->crashes++;
  const bool signalled = WIFSIGNALED(status);
  job->misses.push_back(job->at_name + (signalled ? ": crashed with signal " : ": exited ") +
                        std::to_string(signalled ? WTERMSIG(status) : WEXITSTATUS(status)));
  if (job->at < 0) return Report(*job);
  Start(job, job->at + 1);
}

void Foreman::Report(const Job& job) {
  const std::string& name = job.used.name;
  called_[name] = called_[name] || !job.never_called;
  tally_.misclassified += job.misclassified + job.crashes;
  tally_.crashes += job.crashes;
  if (job.never_called) return;
  tally_.faults += job.done;
  std::printf("%s: %zu faults, %zu misclassified, %zu crashes\n", name.c_str(), job.done,
              job.misclassified, job.crashes);
  for (const std::string& miss : job.misses) std::printf("  %s %s\n", name.c_str(), miss.c_str());
  std::fflush(stdout);
}

int Foreman::Run() {
  for (UsedFunction& used : UsedFunctions(GPURING_SIMULATOR_PATH)) {
    if (used.name.find(options_.wanted) == std::string::npos) continue;
    const bool known = std::any_of(waiting_.begin(), waiting_.end(), [&used](const Job& job) {
      return job.used.name == used.name && job.used.without == used.without;
    });
    if (!known) waiting_.emplace_back().used = std::move(used);
  }
  DeleteCopies();
  std::reverse(waiting_.begin(), waiting_.end());
  while (!waiting_.empty() || !running_.empty()) {
    while (!waiting_.empty() && running_.size() < static_cast<size_t>(options_.jobs)) {
      running_.push_back(std::move(waiting_.back()));
      waiting_.pop_back();
      Start(&running_.back(), 0);
    }
    std::vector<pollfd> ends;
    for (const Job& job : running_) ends.push_back({job.pipe, POLLIN, 0});
    if (poll(ends.data(), ends.size(), kSilenceMs) == 0) {
      for (const Job& job : running_) kill(job.child, SIGKILL);
    }
    for (size_t at = 0; at < ends.size(); at++) {
      if (ends[at].revents != 0) Read(&running_[at]);
    }
    std::erase_if(running_, [](const Job& job) { return job.child < 0; });
  }
  for (const auto& [name, called] : called_) {
    if (called) continue;
    std::printf("%s: never called, in no script\n", name.c_str());
    tally_.misclassified++;
    tally_.faults++;
  }
  const size_t classified = tally_.faults - std::min(tally_.faults, tally_.misclassified);
  std::printf("%zu distinct faults, %zu classified, %zu crashes\n", tally_.faults, classified,
              tally_.crashes);
  return tally_.misclassified == 0 && tally_.faults > 0 ? 0 : 1;
}

}  // namespace
}  // namespace gpuring::faults

int main(int count, char** arguments) {
  gpuring::faults::Options options;
  for (int at = 1; at < count; at++) {
    const std::string argument = arguments[at];
    if (argument == "--thin") {
      options.thin = true;
    } else if (argument.rfind("--jobs=", 0) == 0) {
      options.jobs = std::max(1, std::atoi(argument.c_str() + 7));
    } else if (argument.rfind("--only=", 0) == 0) {
      options.only.push_back(argument.substr(7));
    } else {
      options.wanted = argument;
    }
  }
  return gpuring::faults::Foreman(options).Run();
}
