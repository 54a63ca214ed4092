// SPDX-License-Identifier: BSL-1.0
#include "s3.hpp"

#include <curl/curl.h>

#include <cstdlib>
#include <memory>
#include <string>

namespace {

struct curl_deleter {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

/// This thread's handle, without the last request's options but with its connection.
CURL* fresh_handle()
{
    static CURLcode const initialized = curl_global_init(CURL_GLOBAL_DEFAULT);
    thread_local std::unique_ptr<CURL, curl_deleter> const handle{initialized == CURLE_OK ? curl_easy_init() : nullptr};
    if (handle == nullptr) throw s3_error{"libcurl could not be initialized"};
    curl_easy_reset(handle.get());
    return handle.get();
}

std::size_t append(char const* bytes, std::size_t size, std::size_t count, void* to)
{
    static_cast<std::string*>(to)->append(bytes, size * count);
    return size * count;
}

/// "AccessDenied: ..." of S3's answer, which is XML.
std::string reason_in(std::string const& answer)
{
    auto const between = [&](std::string const& tag) {
        auto const begin = answer.find('<' + tag + '>');
        auto const end = answer.find("</" + tag + '>');
        if (begin == std::string::npos || end == std::string::npos || begin > end) return std::string{};
        return answer.substr(begin + tag.size() + 2, end - begin - tag.size() - 2);
    };
    std::string const code = between("Code");
    return code.empty() ? "no reason given" : code + ": " + between("Message");
}

std::string variable(char const* name)
{
    char const* const value = std::getenv(name);
    if (value == nullptr || *value == '\0')
        throw std::runtime_error{std::string{name} + " is not set: it must tell where S3 is, see the README"};
    return value;
}

}  // namespace

s3_bucket s3_bucket::from_environment()
{
    char const* const region = std::getenv("S3_REGION");
    return {.endpoint = variable("S3_ENDPOINT"),
            .name = variable("S3_BUCKET"),
            .region = region == nullptr || *region == '\0' ? "us-east-1" : region,
            .key_id = variable("AWS_ACCESS_KEY_ID"),
            .secret = variable("AWS_SECRET_ACCESS_KEY")};
}

void upload_image(s3_bucket const& bucket, std::string const& key, std::string_view png)
{
    CURL* const request = fresh_handle();
    // Debian 12's libcurl adds no such header by itself. The alternative is the bytes' SHA-256.
    std::unique_ptr<curl_slist, curl_deleter> headers{
        curl_slist_append(nullptr, "x-amz-content-sha256: UNSIGNED-PAYLOAD")};
    curl_slist_append(headers.get(), "Content-Type: image/png");

    std::string const url = bucket.endpoint + '/' + bucket.name + '/' + key;
    std::string const signature = "aws:amz:" + bucket.region + ":s3";
    std::string answer;
    char error[CURL_ERROR_SIZE] = "";
    curl_easy_setopt(request, CURLOPT_URL, url.c_str());
    curl_easy_setopt(request, CURLOPT_CUSTOMREQUEST, "PUT");
    curl_easy_setopt(request, CURLOPT_POSTFIELDS, png.data());
    curl_easy_setopt(request, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(png.size()));
    curl_easy_setopt(request, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(request, CURLOPT_AWS_SIGV4, signature.c_str());
    curl_easy_setopt(request, CURLOPT_USERNAME, bucket.key_id.c_str());
    curl_easy_setopt(request, CURLOPT_PASSWORD, bucket.secret.c_str());
    curl_easy_setopt(request, CURLOPT_WRITEFUNCTION, append);
    curl_easy_setopt(request, CURLOPT_WRITEDATA, &answer);
    curl_easy_setopt(request, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(request, CURLOPT_NOSIGNAL, 1L);  // else a timeout is a SIGALRM, whatever thread it hits
    curl_easy_setopt(request, CURLOPT_CONNECTTIMEOUT, 3L);
    curl_easy_setopt(request, CURLOPT_TIMEOUT, 30L);

    CURLcode const outcome = curl_easy_perform(request);
    if (outcome != CURLE_OK)
        throw s3_error{"S3 at " + bucket.endpoint +
                       " did not answer: " + (*error != '\0' ? error : curl_easy_strerror(outcome))};
    long status = 0;
    curl_easy_getinfo(request, CURLINFO_RESPONSE_CODE, &status);
    if (status / 100 != 2)
        throw s3_error{"S3 at " + bucket.endpoint + " refused with " + std::to_string(status) + ", " +
                       reason_in(answer)};
}
