// A ThreadTeam for tests, in the place of that of runtime/exchange/thread_team.cc: of its threads
// one runs at a time, up to its next barrier, and a seed chooses which is next. What a thread does
// between two barriers thus happens before or after all that another does there, in any order that
// a seed can name.
#ifndef BNSYN_TESTS_SCHEDULES_SEEDED_TEAM_H_
#define BNSYN_TESTS_SCHEDULES_SEEDED_TEAM_H_

#include <cstdint>

namespace bnsyn {

// The seed of the teams that are made from now on.
void SetTeamSeed(uint64_t seed);

// What all teams have done since SetTeamSeed.
struct TeamOrder {
  uint64_t turns = 0;  // pieces between two barriers
  uint64_t hash = 0;   // of the order of the threads
};
TeamOrder OrderOfTeams();

// Lets threads pass their barriers, each up to the end of its job at once: an error that a
// comparison of digests has to notice.
void LeaveOutBarriers(bool leave_out);

}  // namespace bnsyn

#endif  // BNSYN_TESTS_SCHEDULES_SEEDED_TEAM_H_
