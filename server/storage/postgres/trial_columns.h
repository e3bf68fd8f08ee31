// The columns of trials, one row of a table each: how a new trial's value is sent, how it is stored
// and how it is read back. The INSERT with its arrays and the SELECTs are made from it, so that a
// column more is a row more. Private to postgres/.

#ifndef NASCENT_SERVER_STORAGE_POSTGRES_TRIAL_COLUMNS_H_
#define NASCENT_SERVER_STORAGE_POSTGRES_TRIAL_COLUMNS_H_

#include <span>
#include <string>
#include <vector>

#include "server/storage/postgres/columns.h"
#include "server/storage/postgres/sql_array.h"
#include "server/storage/records.h"
#include "server/storage/transitions.h"

namespace nascent::storage::postgres {

// A trial on its way into the table, with what of it becomes JSON.
struct NewTrial {
  const AddTrial& add;
  const std::string& fidelity;
  const std::string& recipe;
};

struct TrialColumn {
  // What it is read with: the log is a part of whole trials.
  enum class Loaded { kWithTheLog, kWithWholeTrials };

  const char* name;
  // The type of a value as it is sent, and what adds that of one trial; null: nothing is sent.
  const char* type = nullptr;
  void (*send)(const NewTrial& trial, SqlArray& values) = nullptr;
  // What is stored, in SQL over the values sent (`i`) and the present time (`c.now`); null: the
  // value as it was sent, or the column's default where none is.
  const char* store = nullptr;
  // What is read, in SQL over the trial (`t`), its task (`k`), attempt (`a`) and worker (`w`), and
  // what puts it into a record; null: it is not read.
  const char* select = nullptr;
  void (*load)(Columns& columns, JsonColumns& json, TrialRecord& trial) = nullptr;
  Loaded loaded = Loaded::kWithTheLog;
};

std::span<const TrialColumn> TrialColumns();

// The arrays that carry new trials, one for each column that is sent.
class NewTrialArrays {
 public:
  NewTrialArrays();
  void Add(const NewTrial& trial);
  // Returns the literals in the order of the parameters of AddTrialsSql.
  std::vector<std::string> Take();

 private:
  std::vector<SqlArray> arrays_;
};

// Inserts new trials, and tasks for those that are to be trained. Returns rows of (true, trial id,
// search id, number) for trials and (false, trial id, task id, 0) for tasks; trials of searches
// that have ended, and those that are there already, are left out.
const std::string& AddTrialsSql();

// "SELECT … FROM nascent.trials AS t" for the log, and for whole trials with the tables that they
// are joined with; a WHERE can follow.
const std::string& SelectLog();
const std::string& SelectTrials();

// What whole trials and lists of metrics have in common: the metrics of the last attempt to train a
// trial and of the last ones to test it, or its twin's; and the join that they need.
extern const char kTrialMetrics[];
extern const char kTrialAttemptJoin[];

}  // namespace nascent::storage::postgres

#endif  // NASCENT_SERVER_STORAGE_POSTGRES_TRIAL_COLUMNS_H_
