// nascent sql.

#include <libpq-fe.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "client/cli/commands.h"
#include "client/local/up.h"
#include "common/database_url.h"
#include "common/exit_code.h"
#include "common/status_macros.h"

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

// Reads as nascent_reader and sees the views first. Nobody else runs in this process.
void SetEnvironment(const Connection& connection) {
  // NOLINTBEGIN(concurrency-mt-unsafe)
  if (!connection.password.empty()) setenv("PGPASSWORD", connection.password.c_str(), 1);
  setenv("PGCLIENTENCODING", "UTF8", 1);
  setenv("PGOPTIONS",
         "-c role=nascent_reader -c search_path=nascent_v1 -c default_transaction_read_only=on", 1);
  if (std::getenv("PSQL_PAGER") == nullptr && !isatty(STDOUT_FILENO)) setenv("PSQL_PAGER", "", 1);
  // NOLINTEND(concurrency-mt-unsafe)
}

using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;

// What the database said, as psql prints it: with the place in the query.
absl::Status ErrorOf(PGconn* connection, const PGresult* result) {
  std::string said(absl::StripAsciiWhitespace(result == nullptr ? PQerrorMessage(connection)
                                                                : PQresultErrorMessage(result)));
  return absl::InvalidArgumentError(said);
}

// Whether the database can make a sub-query of it and so give every type as JSON.
bool IsSelection(std::string_view query) {
  const size_t begin = query.find_first_not_of(" \t\r\n(");
  if (begin == std::string_view::npos) return false;
  const std::string word = absl::AsciiStrToLower(
      absl::string_view(query.data() + begin, query.size() - begin).substr(0, 6));
  for (const char* start : {"select", "with", "table", "values"}) {
    if (absl::StartsWith(word, start)) return true;
  }
  return false;
}

// Of the statement; one without a name ends with the next query.
constexpr char kAsked[] = "asked";

// One list of objects.
absl::StatusOr<int> PrintAsJson(Context& context, const Connection& where, std::string query) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(where.words.c_str()),
                                                                &PQfinish);
  if (PQstatus(connection.get()) != CONNECTION_OK) {
    return absl::UnavailableError(absl::StripAsciiWhitespace(PQerrorMessage(connection.get())));
  }
  // Prepared as it was written, so that errors are those of the user's own text, and a second
  // statement is refused.
  const Result prepared(PQprepare(connection.get(), kAsked, query.c_str(), 0, nullptr), &PQclear);
  if (PQresultStatus(prepared.get()) != PGRES_COMMAND_OK) {
    return ErrorOf(connection.get(), prepared.get());
  }
  if (IsSelection(query)) {
    while (query.ends_with(";")) query.pop_back();
    const std::string whole =
        absl::StrCat("SELECT coalesce(json_agg(answer), '[]') FROM (\n", query, "\n) AS answer");
    const Result rows(PQexec(connection.get(), whole.c_str()), &PQclear);
    if (PQresultStatus(rows.get()) == PGRES_TUPLES_OK) {
      context.Print(PQgetvalue(rows.get(), 0, 0));
      return kSuccess;
    }
    // It is none after all, or fails by itself: then its own error follows.
  }
  const Result rows(PQexecPrepared(connection.get(), kAsked, 0, nullptr, nullptr, nullptr, 0),
                    &PQclear);
  const ExecStatusType status = PQresultStatus(rows.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
    return ErrorOf(connection.get(), rows.get());
  }
  spec::Json list = spec::Json::List();
  for (int row = 0; row < PQntuples(rows.get()); ++row) {
    spec::Json object = spec::Json::Object();
    for (int column = 0; column < PQnfields(rows.get()); ++column) {
      object.Set(PQfname(rows.get(), column),
                 PQgetisnull(rows.get(), row, column) == 1
                     ? spec::Json()
                     : spec::Json(PQgetvalue(rows.get(), row, column)));
    }
    list.Append(std::move(object));
  }
  context.PrintJson(list);
  return kSuccess;
}

absl::StatusOr<int> RunSql(Context& context, const std::string& database,
                           const std::vector<std::string>& words) {
  NASCENT_ASSIGN_OR_RETURN(const auto url, ReaderUrl(context, database));
  NASCENT_ASSIGN_OR_RETURN(const auto connection, WithoutPassword(url));
  std::string query(absl::StripTrailingAsciiWhitespace(absl::StrJoin(words, " ")));
  SetEnvironment(connection);
  if (context.json()) {
    if (query.empty()) return absl::InvalidArgumentError("--output json needs a QUERY");
    return PrintAsJson(context, connection, std::move(query));
  }
  std::vector<std::string> arguments = {"psql", "-X", "-d", connection.words};
  if (!query.empty()) {
    arguments.insert(arguments.end(), {"-v", "ON_ERROR_STOP=1", "-c", query});
  }
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
