#include "http_head.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

long lk_http_head_length(const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] == '\0' || (bytes[i] == '\n' && (i == 0 || bytes[i - 1] != '\r')) ||
            (bytes[i] == '\r' && i + 1 < n && bytes[i + 1] != '\n')) {
            return -EBADMSG;
        }
        if (bytes[i] == '\n' && i >= 3 && bytes[i - 2] == '\n') {
            return (long)i + 1;
        }
    }
    return 0;
}

static bool is_token_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_visible(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text <= ' ' || *text > '~') {
            return false;
        }
    }
    return true;
}

/* Cuts the line off at its CRLF and moves *at behind it. */
static char *next_line(char **at)
{
    char *line = *at;
    char *end = strstr(line, "\r\n");

    *end = '\0';
    *at = end + 2;
    return line;
}

static int parse_target(char *target, struct lk_http_head *head, const char **why)
{
    if (target[0] != '/' || !is_visible(target)) {
        *why = "the request target has to be a path that begins with /";
        return 400;
    }
    if (strlen(target) > LK_HTTP_TARGET_MAX) {
        *why = "the request target is too long";
        return 414;
    }
    head->path = target;
    char *query = strchr(target, '?');
    if (query) {
        *query = '\0';
        head->query = query + 1;
    }
    return 0;
}

static int parse_request_line(char *line, struct lk_http_head *head, const char **why)
{
    char *target = strchr(line, ' ');
    char *version = target ? strchr(target + 1, ' ') : NULL;

    if (!version || target == line) {
        *why = "the request line is not METHOD TARGET VERSION";
        return 400;
    }
    *target++ = '\0';
    *version++ = '\0';
    for (const char *c = line; *c != '\0'; c++) {
        if (!is_token_char(*c)) {
            *why = "the method is not a token";
            return 400;
        }
    }
    if (strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0) {
        *why = "only HTTP/1.1 and HTTP/1.0 are spoken here";
        return strncmp(version, "HTTP/", 5) == 0 ? 505 : 400;
    }
    head->method = strcmp(line, "GET") == 0 ? LK_HTTP_GET : strcmp(line, "POST") == 0 ? LK_HTTP_POST : LK_HTTP_OTHER;
    return parse_target(target, head, why);
}

static const struct known_field {
    const char *name;
    size_t offset; /* of the const char * in struct lk_http_head */
} known_fields[] = {
    {"host", offsetof(struct lk_http_head, host)},
    {"origin", offsetof(struct lk_http_head, origin)},
    {"x-locker-token", offsetof(struct lk_http_head, token)},
    {"content-type", offsetof(struct lk_http_head, content_type)},
    {"content-length", offsetof(struct lk_http_head, length)},
};

static int keep_field(const char *name, const char *value, struct lk_http_head *head, const char **why)
{
    head->coded = head->coded || strcasecmp(name, "transfer-encoding") == 0;
    for (size_t i = 0; i < LK_ARRAY_SIZE(known_fields); i++) {
        if (strcasecmp(name, known_fields[i].name) != 0) {
            continue;
        }
        const char **slot = (const char **)(void *)((char *)head + known_fields[i].offset);
        if (*slot) {
            *why = "a header field that may come once came twice";
            return 400;
        }
        *slot = value;
    }
    return 0;
}

static char *trim(char *value)
{
    value += strspn(value, " \t");
    size_t n = strlen(value);
    while (n > 0 && (value[n - 1] == ' ' || value[n - 1] == '\t')) {
        value[--n] = '\0';
    }
    return value;
}

static bool has_control(const char *value)
{
    for (; *value != '\0'; value++) {
        if (((unsigned char)*value < ' ' && *value != '\t') || *value == 0x7f) {
            return true;
        }
    }
    return false;
}

static int parse_field(char *line, struct lk_http_head *head, const char **why)
{
    char *colon = line;

    while (is_token_char(*colon)) {
        colon++;
    }
    if (*colon != ':' || colon == line) {
        *why = "a header line is not NAME: VALUE";
        return 400;
    }
    *colon = '\0';
    char *value = trim(colon + 1);
    if (has_control(value)) {
        *why = "a header field holds a control character";
        return 400;
    }
    return keep_field(line, value, head, why);
}

static int parse_length(struct lk_http_head *head, const char **why)
{
    if (!head->length) {
        return 0;
    }
    if (head->length[0] == '\0') {
        *why = "Content-Length is empty";
        return 400;
    }
    for (const char *c = head->length; *c != '\0'; c++) {
        if (*c < '0' || *c > '9') {
            *why = "Content-Length is not a number";
            return 400;
        }
        size_t digit = (size_t)(*c - '0');
        head->content_length =
            head->content_length > (SIZE_MAX - digit) / 10 ? SIZE_MAX : head->content_length * 10 + digit;
    }
    return 0;
}

int lk_http_head_parse(char *bytes, size_t n, struct lk_http_head *ret_head, const char **ret_why)
{
    struct lk_http_head head = {.method = LK_HTTP_OTHER};
    char *at = bytes;
    int status;

    /* The empty line's CRLF becomes the end of the text: every line before it still ends with its own. */
    bytes[n - 2] = '\0';
    status = parse_request_line(next_line(&at), &head, ret_why);
    for (unsigned fields = 0; status == 0 && *at != '\0'; fields++) {
        if (fields == LK_HTTP_FIELDS_MAX) {
            *ret_why = "too many header fields";
            return 431;
        }
        status = parse_field(next_line(&at), &head, ret_why);
    }
    if (status == 0) {
        status = parse_length(&head, ret_why);
    }
    if (status == 0) {
        *ret_head = head;
    }
    return status;
}

bool lk_http_same_secret(const char *text, const char *secret)
{
    size_t n = strlen(secret);
    unsigned char differs = 0;

    if (strlen(text) != n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        differs |= (unsigned char)(text[i] ^ secret[i]);
    }
    return differs == 0;
}
