// SPDX-License-Identifier: BSL-1.0

// The service under a watch, beside a real S3: with_s3 runs this, with the sample's path in PDF_SAMPLE.

#include "service.hpp"

#include "pdf.hpp"
#include "ranking.hpp"
#include "s3.hpp"
#include "s3_front.hpp"

#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <loopwatch/loopwatch.hpp>
#include <nlohmann/json.hpp>
#include <support/catch.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <future>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using loopwatch::block_report;
using nlohmann::json;
using namespace std::chrono_literals;

namespace {

constexpr auto threshold = 10ms;
constexpr std::size_t sample_pages = 10;

std::string const& sample()
{
    static std::string const bytes = [] {
        char const* const path = std::getenv("PDF_SAMPLE");
        std::ifstream in{path == nullptr ? "" : path, std::ios::binary};
        if (!in) throw std::runtime_error{"PDF_SAMPLE does not name the sample"};
        return std::string{std::istreambuf_iterator<char>{in}, {}};
    }();
    return bytes;
}

tcp::endpoint endpoint_of(s3_bucket const& bucket)
{
    auto const port = std::stoul(bucket.endpoint.substr(bucket.endpoint.rfind(':') + 1));
    return {asio::ip::address_v4::loopback(), static_cast<unsigned short>(port)};
}

/// Where nobody listens: a port that was free a moment ago.
std::string unreachable()
{
    asio::io_context context;
    tcp::acceptor const taken{context, {asio::ip::address_v4::loopback(), 0}};
    return "http://127.0.0.1:" + std::to_string(taken.local_endpoint().port());
}

s3_bucket real_bucket() { return s3_bucket::from_environment(); }

s3_bucket bucket_at(std::string const& endpoint)
{
    s3_bucket bucket = real_bucket();
    bucket.endpoint = endpoint;
    return bucket;
}

struct reply {
    unsigned status{};
    std::string body;
    [[nodiscard]] json parsed() const { return json::parse(body); }
};

/// A connection of its own for each request, so that any may be malformed.
class client {
public:
    explicit client(tcp::endpoint to) { socket_.connect(to); }

    reply ask(http::verb method, std::string const& path, std::string_view body = {})
    {
        http::request<http::span_body<char const>> question{method, path, 11};
        question.set(http::field::host, "127.0.0.1");
        question.body() = {body.data(), body.size()};
        if (method != http::verb::get) question.content_length(body.size());
        beast::error_code refused;  // a large body may be answered before it has been taken
        http::write(socket_, question, refused);
        return answer();
    }

    void write(std::string_view words) { asio::write(socket_, asio::buffer(words.data(), words.size())); }

    reply say(std::string_view words)
    {
        write(words);
        return answer();
    }

    void hang_up() { socket_.shutdown(tcp::socket::shutdown_send); }

    reply answer()
    {
        beast::flat_buffer buffer;
        http::response<http::string_body> got;
        http::read(socket_, buffer, got);
        return {got.result_int(), got.body()};
    }

private:
    asio::io_context context_;
    tcp::socket socket_{context_};
};

/// The service on a thread of its own.
class running_service {
public:
    explicit running_service(s3_bucket bucket) : service_{std::move(bucket), worker_pools{2, 8}}
    {
        asio::co_spawn(loop, serve(acceptor_, service_), asio::detached);
        thread_ = std::thread{[this] { loop.run(); }};
    }
    running_service(running_service const&) = delete;
    running_service& operator=(running_service const&) = delete;
    ~running_service()
    {
        loop.stop();
        thread_.join();
    }

    [[nodiscard]] reply ask(http::verb method, std::string const& path, std::string_view body = {}) const
    {
        return connect().ask(method, path, body);
    }
    [[nodiscard]] reply post(std::string const& path, std::string_view body) const
    {
        return ask(http::verb::post, path, body);
    }
    [[nodiscard]] bool is_healthy() const { return ask(http::verb::get, "/health").status == 200; }
    [[nodiscard]] client connect() const { return client{acceptor_.local_endpoint()}; }

    asio::io_context loop{1};

private:
    ingest_service service_;
    tcp::acceptor acceptor_{loop, {asio::ip::address_v4::loopback(), 0}};
    std::thread thread_;
};

/// The blocks that a guard raises, and the requests while it is there.
template <typename Work>
std::vector<block_report> raised_by(running_service& service, Work work)
{
    loopwatch::no_loop_blocking guard{service.loop, threshold};
    work();
    CHECK(service.is_healthy());  // so that the loop is done with it, and not only with the answer
    try {
        guard.finish();
    } catch (loopwatch::loop_blocked_error const& error) {
        return error.blocks();
    }
    return {};
}

std::string text_of(std::vector<block_report> const& blocks)
{
    std::string text;
    for (block_report const& block : blocks) text += to_string(block);
    return text;
}

bool is_awaited_by(block_report const& block, std::string const& coroutine)
{
    return std::ranges::any_of(block.awaited_by, [&](loopwatch::frame const& f) {
        return f.function.find(coroutine + '(') != std::string::npos && f.file.ends_with("service.cpp") && f.line > 0;
    });
}

bool blames(block_report const& block, std::string const& function, std::string const& file)
{
    auto const* const culprit = block.culprit();
    return culprit != nullptr && culprit->function.starts_with(function + '(') && culprit->file.ends_with(file) &&
           culprit->line > 0;
}

block_report const& longest_of(std::vector<block_report> const& blocks)
{
    return *std::ranges::max_element(blocks, {}, &block_report::duration);
}

/// Its pictures are in S3 byte for byte, and it says so.
void check_is_stored(json const& receipt, document const& expected)
{
    REQUIRE(receipt.at("pages") == expected.pages.size());
    REQUIRE(receipt.at("text_length") == expected.text.size());
    REQUIRE(receipt.at("images").size() == expected.pages.size());
    s3_bucket const bucket = real_bucket();
    std::string const id = receipt.at("document");
    for (std::size_t page = 0; page < expected.pages.size(); ++page) {
        json const& image = receipt.at("images").at(page);
        std::string const key = "documents/" + id + "/page-" + std::to_string(page + 1) + ".png";
        REQUIRE(image.at("key") == key);
        REQUIRE(image.at("bytes") == expected.pages[page].size());
        reply const object = client{endpoint_of(bucket)}.ask(http::verb::get, "/" + bucket.name + "/" + key);
        REQUIRE(object.status == 200);
        bool const same_bytes = object.body == expected.pages[page];  // not to print them
        REQUIRE(same_bytes);
    }
}

bool is_stored(std::string const& key)
{
    s3_bucket const bucket = real_bucket();
    return client{endpoint_of(bucket)}.ask(http::verb::get, "/" + bucket.name + "/" + key).status == 200;
}

}  // namespace

TEST_CASE("the async endpoint stores each page, and the guard raises nothing")
{
    document const expected = parse_pdf(sample());
    REQUIRE(expected.pages.size() == sample_pages);
    running_service service{real_bucket()};
    std::vector<reply> replies;
    auto const blocks = raised_by(service, [&] {
        std::vector<std::future<reply>> asked(4);  // more than there are processors here
        for (auto& each : asked)
            each = std::async(std::launch::async, [&] { return service.post("/ingest/async", sample()); });
        for (auto& each : asked) replies.push_back(each.get());
    });
    INFO(text_of(blocks));
    CHECK(blocks.empty());
    for (reply const& each : replies) {
        INFO(each.body);
        REQUIRE(each.status == 201);
        check_is_stored(each.parsed(), expected);
    }
}

TEST_CASE("the blocking endpoint stores the same, and the guard raises")
{
    document const expected = parse_pdf(sample());
    running_service service{real_bucket()};
    reply stored;
    auto const blocks = raised_by(service, [&] { stored = service.post("/ingest/blocking", sample()); });
    INFO(stored.body);
    REQUIRE(stored.status == 201);
    check_is_stored(stored.parsed(), expected);

    REQUIRE_FALSE(blocks.empty());
    block_report const& block = longest_of(blocks);
    INFO(to_string(block));
    // Which of the two takes longer depends on the machine.
    CHECK((blames(block, "parse_pdf", "pdf.cpp") || blames(block, "upload_image", "s3.cpp")));
    CHECK(is_awaited_by(block, "ingest_blocking"));
    CHECK(is_awaited_by(block, "session"));
}

TEST_CASE("a loop that parses is blocked by computing")
{
    running_service service{bucket_at(unreachable())};  // so that the uploads take no time
    auto const blocks = raised_by(service, [&] { CHECK(service.post("/ingest/blocking", sample()).status == 502); });
    REQUIRE(blocks.size() == 1);
    INFO(to_string(blocks.front()));
    CHECK(blocks.front().cause == loopwatch::cause::cpu);
    CHECK(blames(blocks.front(), "parse_pdf", "pdf.cpp"));
    CHECK(is_awaited_by(blocks.front(), "ingest_blocking"));
    CHECK(is_awaited_by(blocks.front(), "session"));
}

TEST_CASE("a loop that uploads is blocked by waiting for S3, whose address is told")
{
    s3_front const far_away{endpoint_of(real_bucket()), 30ms};
    running_service service{bucket_at(far_away.endpoint())};
    auto const blocks = raised_by(service, [&] { CHECK(service.post("/ingest/blocking", sample()).status == 201); });
    REQUIRE(blocks.size() == 1);
    block_report const& block = blocks.front();
    INFO(to_string(block));
    CHECK(block.duration >= sample_pages * 30ms);
    CHECK(block.cause == loopwatch::cause::blocking_call);
    CHECK_THAT(block.evidence, contains("-> " + far_away.endpoint().substr(std::string_view{"http://"}.size())));
    CHECK(blames(block, "upload_image", "s3.cpp"));
    CHECK(is_awaited_by(block, "ingest_blocking"));
    CHECK(is_awaited_by(block, "session"));

    path_ranking ranking;
    ranking.add(block);
    auto const paths = ranking.by_total();
    REQUIRE(paths.size() == 2);
    CHECK_THAT(paths[0].culprit, contains("upload_image("));
    CHECK(paths[0].cause == "blocking_call");
    CHECK_THAT(paths[1].culprit, contains("parse_pdf("));
    CHECK(paths[1].cause == "cpu");
    auto const shared_out = paths[0].total + paths[1].total;
    CHECK(std::chrono::abs(shared_out - block.duration) < 1us);  // rounding

    REQUIRE(far_away.passed().size() == sample_pages);
    CHECK_THAT(far_away.passed().front(), contains("AWS4-HMAC-SHA256 Credential=" + real_bucket().key_id + "/"));
    CHECK_THAT(far_away.passed().front(), contains("/us-east-1/s3/aws4_request"));
    CHECK_THAT(far_away.passed().front(), contains("content-type;host;x-amz-content-sha256;x-amz-date"));
}

TEST_CASE("what takes its time on another thread blocks nobody")
{
    s3_front const far_away{endpoint_of(real_bucket()), 30ms};
    running_service service{bucket_at(far_away.endpoint())};
    auto const blocks = raised_by(service, [&] { CHECK(service.post("/ingest/async", sample()).status == 201); });
    INFO(text_of(blocks));
    CHECK(blocks.empty());
}

TEST_CASE("a body of the largest size does not block the loop")
{
    running_service service{real_bucket()};
    std::string const zeros(32 << 20, '\0');
    auto const blocks = raised_by(service, [&] { CHECK(service.post("/ingest/async", zeros).status == 422); });
    INFO(text_of(blocks));
    CHECK(blocks.empty());
}

TEST_CASE("bad input is refused with the reason, and the service goes on")
{
    running_service const service{real_bucket()};
    struct bad {
        std::string body;
        unsigned status;
        std::string reason;
    };
    std::string const torn = sample().substr(0, sample().size() / 2);
    std::vector<bad> const all{
        {"", 400, "empty"},
        {"hello", 422, "not a PDF"},
        {std::string(100, '\0'), 422, "not a PDF"},
        {sample().substr(100), 422, "not a PDF"},
        {"%PDF-", 422, "truncated"},
        {torn, 422, "truncated"},
        {torn + "\n%%EOF\n", 422, "damaged"},  // nothing tells where its pages are
        {"%PDF-1.7\nhello\n%%EOF\n", 422, "damaged"},
        {std::string(100 << 20, 'x'), 413, "larger than 32 MB"},
    };
    for (std::string const endpoint : {"/ingest/blocking", "/ingest/async"}) {
        for (bad const& each : all) {
            reply const refused = service.post(endpoint, each.body);
            INFO(endpoint << ": " << refused.body);
            CHECK(refused.status == each.status);
            std::string const error = refused.parsed().at("error");
            CHECK_THAT(error, contains(each.reason));
            CHECK(service.is_healthy());
        }
    }
}

TEST_CASE("what is no such request is refused, and the service goes on")
{
    running_service const service{real_bucket()};
    CHECK(service.ask(http::verb::get, "/ingest/blocking").status == 405);
    CHECK(service.ask(http::verb::put, "/ingest/async", sample()).status == 405);
    CHECK(service.post("/health", "x").status == 405);
    CHECK(service.post("/nowhere", "x").status == 404);
    CHECK(service.ask(http::verb::get, "/").status == 404);
    CHECK(service.connect().say("hello\r\n\r\n").status == 400);
    CHECK(service.connect().say("GET /health HTTP/1.1\r\n" + std::string(20000, 'x')).status == 400);
    CHECK(service.connect().say("POST /ingest/async HTTP/1.1\r\nContent-Length: -1\r\n\r\n").status == 400);
    CHECK(service.connect().say("POST /ingest/async HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n").status == 411);
    CHECK(service.connect()
              .say("POST /ingest/async HTTP/1.1\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n")
              .status == 413);
    CHECK(service.connect()
              .say("POST /ingest/async HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
              .status == 100);
    CHECK(service.is_healthy());
}

TEST_CASE("a client that ends its request early is told, one that goes is forgotten")
{
    running_service const service{real_bucket()};
    constexpr std::string_view beginning = "POST /ingest/async HTTP/1.1\r\nContent-Length: 9\r\n\r\n%PDF";
    client early = service.connect();
    early.write(beginning);
    early.hang_up();
    reply const told = early.answer();
    CHECK(told.status == 400);
    CHECK_THAT(told.body, contains("partial message"));
    service.connect().write(beginning);
    CHECK(service.is_healthy());
}

TEST_CASE("a connection serves one request after the other")
{
    running_service const service{real_bucket()};
    client visitor = service.connect();
    CHECK(visitor.ask(http::verb::get, "/health").status == 200);
    CHECK(visitor.ask(http::verb::post, "/ingest/async", "hello").status == 422);
    CHECK(visitor.ask(http::verb::post, "/ingest/async", sample()).status == 201);
    CHECK(visitor.ask(http::verb::get, "/nowhere").status == 404);
    CHECK(visitor.ask(http::verb::get, "/health").status == 200);
}

TEST_CASE("if S3 can't be reached or refuses, a 502 says so, and the service goes on")
{
    std::string const endpoint = GENERATE(as<std::string>{}, "/ingest/blocking", "/ingest/async");
    SECTION("nobody is there")
    {
        s3_bucket const bucket = bucket_at(unreachable());
        running_service const service{bucket};
        reply const refused = service.post(endpoint, sample());
        INFO(refused.body);
        CHECK(refused.status == 502);
        std::string const error = refused.parsed().at("error");
        CHECK_THAT(error, contains("S3 at " + bucket.endpoint + " did not answer"));
        CHECK(refused.parsed().at("stored").empty());
        CHECK(refused.parsed().at("pages") == sample_pages);
        CHECK(service.is_healthy());
    }
    SECTION("it does not know the key")
    {
        s3_bucket bucket = real_bucket();
        bucket.key_id = "NOBODY";
        running_service const service{bucket};
        reply const refused = service.post(endpoint, sample());
        INFO(refused.body);
        CHECK(refused.status == 502);
        std::string const error = refused.parsed().at("error");
        CHECK_THAT(error, contains("refused with 403, InvalidAccessKeyId"));
        CHECK(refused.parsed().at("stored").empty());
        CHECK(service.is_healthy());
    }
    SECTION("it fails with one page: the answer tells which are stored")
    {
        s3_front const front{endpoint_of(real_bucket()), 0ms, "page-4.png"};
        running_service const service{bucket_at(front.endpoint())};
        reply const refused = service.post(endpoint, sample());
        INFO(refused.body);
        CHECK(refused.status == 502);
        json const told = refused.parsed();
        std::string const error = told.at("error");
        CHECK_THAT(error, contains("refused with 503, SlowDown"));
        std::vector<std::string> stored;
        for (json const& image : told.at("stored")) stored.push_back(image.at("key"));
        CHECK(stored.size() == (endpoint == "/ingest/async" ? sample_pages - 1 : 3));
        for (std::size_t page = 1; page <= sample_pages; ++page) {
            std::string const key =
                "documents/" + told.at("document").get<std::string>() + "/page-" + std::to_string(page) + ".png";
            CHECK(is_stored(key) == (std::ranges::find(stored, key) != stored.end()));
        }
        CHECK(service.is_healthy());
    }
}

TEST_CASE("documents that are parsed at once are the same as one after the other")
{
    document const expected = parse_pdf(sample());
    std::vector<std::future<document>> parsed(4);
    for (auto& each : parsed) each = std::async(std::launch::async, [] { return parse_pdf(sample()); });
    for (auto& each : parsed) {
        document const got = each.get();
        CHECK(got.text == expected.text);
        bool const same_pictures = got.pages == expected.pages;
        CHECK(same_pictures);
    }
}
