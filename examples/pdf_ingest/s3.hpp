// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

/// Where objects are stored, on AWS, MinIO, s3rver or the like.
struct s3_bucket {
    std::string endpoint;  // "http://127.0.0.1:9000"
    std::string name;
    std::string region;
    std::string key_id;
    std::string secret;

    /// From S3_ENDPOINT, S3_BUCKET, S3_REGION (us-east-1), AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
    /// Throws: std::runtime_error that names the one that is not set.
    [[nodiscard]] static s3_bucket from_environment();
};

/// S3 could not be reached, or refused. what() names its endpoint.
class s3_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Stores a PNG file under a key, and waits until S3 has confirmed it. Each thread keeps its connection.
///
/// Throws: s3_error, after 30 s at the latest. Thread safety: any thread, on several at once.
void upload_image(s3_bucket const& bucket, std::string const& key, std::string_view png);
