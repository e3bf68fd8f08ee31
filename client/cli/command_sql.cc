// nascent sql.

#include <libpq-fe.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "client/cli/commands.h"
#include "client/local/up.h"
#include "common/database_url.h"
#include "common/exit_code.h"

namespace nascent::cli {
namespace {

constexpr char kSqlFooter[] = R"(
Opens psql as the read-only role nascent_reader, with the documented views (schema nascent_v1) in
the search path; docs/sql.md describes them. With a QUERY it prints the answer; --output json prints
one list of objects.

Examples:
  nascent sql
  nascent sql 'select * from leaderboard limit 5'
  nascent sql --output json 'select state, count(*) from trials group by state'
  nascent sql --database postgresql://db/nascent 'table workers')";

// What libpq reads from the environment is meant for databases that the user names, not for the
// private one of a service.
void ForgetForeignSettings() {
  std::vector<std::string> names;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    if (text.starts_with("PG")) names.emplace_back(text.substr(0, text.find('=')));
  }
  // NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread runs
  for (const std::string& name : names) unsetenv(name.c_str());
}

absl::StatusOr<std::string> ReaderUrl(const Context& context, const std::string& database) {
  if (!database.empty()) return database;
  const auto state = local::FindService(local::LayOut(context.data_dir));
  if (state.ok() && !state->reader_url.empty()) {
    if (state->processes.contains("postgres")) ForgetForeignSettings();
    return state->reader_url;
  }
  return absl::UnavailableError(
      absl::StrCat("no service runs on ", context.data_dir,
                   ": start one with `nascent up`, or name a database with --database URL"));
}

struct Connection {
  std::string words;     // key='value' …, as psql takes it
  std::string password;  // empty: none
};

// Every user of the machine can read command lines: a password goes another way.
absl::StatusOr<Connection> WithoutPassword(const std::string& url) {
  char* trouble = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(url.c_str(), &trouble), &PQconninfoFree);
  const std::unique_ptr<char, decltype(&PQfreemem)> message(trouble, &PQfreemem);
  if (options == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--database: ", DatabaseUrlTrouble(message != nullptr ? message.get() : "no memory")));
  }
  Connection connection;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    if (absl::string_view(option->keyword) == "password") {
      connection.password = option->val;
    } else {
      absl::StrAppend(&connection.words, option->keyword, "='",
                      absl::StrReplaceAll(option->val, {{"\\", "\\\\"}, {"'", "\\'"}}), "' ");
    }
  }
  return connection;
}

absl::StatusOr<int> RunSql(Context& context, const std::string& database,
                           const std::vector<std::string>& words) {
  const auto url = ReaderUrl(context, database);
  if (!url.ok()) return url.status();
  const auto connection = WithoutPassword(*url);
  if (!connection.ok()) return connection.status();
  std::vector<std::string> arguments = {"psql", "-X", "-d", connection->words};
  std::string query(absl::StripTrailingAsciiWhitespace(absl::StrJoin(words, " ")));
  if (context.json()) {
    if (query.empty()) return absl::InvalidArgumentError("--output json needs a QUERY");
    while (query.ends_with(";")) query.pop_back();
    query =
        absl::StrCat("SELECT coalesce(json_agg(answer), '[]') FROM (\n", query, "\n) AS answer");
    arguments.insert(arguments.end(), {"-q", "-A", "-t"});
  }
  if (!query.empty()) {
    arguments.insert(arguments.end(), {"-v", "ON_ERROR_STOP=1", "-c", query});
  }
  // NOLINTBEGIN(concurrency-mt-unsafe): psql follows in this process; no other thread runs
  if (!connection->password.empty()) setenv("PGPASSWORD", connection->password.c_str(), 1);
  setenv("PGOPTIONS",
         "-c role=nascent_reader -c search_path=nascent_v1 -c default_transaction_read_only=on", 1);
  if (std::getenv("PSQL_PAGER") == nullptr && !isatty(STDOUT_FILENO)) setenv("PSQL_PAGER", "", 1);
  // NOLINTEND(concurrency-mt-unsafe)
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  execvp("psql", pointers.data());
  return absl::ErrnoToStatus(errno, "cannot run psql (package postgresql-client)");
}

}  // namespace

void AddSql(CLI::App& app, Context& context) {
  CLI::App* sql = app.add_subcommand("sql", "Ask the database, read-only");
  const auto database = std::make_shared<std::string>();
  const auto words = std::make_shared<std::vector<std::string>>();
  sql->footer(kSqlFooter);
  sql->add_option("--database", *database, "URL of the database (default: the service's)");
  sql->add_option("QUERY", *words, "A query; without one, an interactive psql");
  sql->callback([&context, database, words] {
    context.action = [&context, database, words] { return RunSql(context, *database, *words); };
  });
}

}  // namespace nascent::cli
