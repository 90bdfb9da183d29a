/*
 * The head of an HTTP request, parsed strictly: what a browser sends is accepted, everything doubtful is refused with
 * the status to answer. Pure: no I/O, no allocation; any thread.
 * Source: RFC 9112 (message syntax), RFC 9110 (fields). Stricter than they ask: no bare LF or CR, no line folding, no
 * absolute-form target, no repeated Host, Content-Length, Content-Type, Origin or token, no transfer coding.
 */
#ifndef FACE_HTTP_HEAD_H
#define FACE_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>

enum lk_http_method { LK_HTTP_GET, LK_HTTP_POST, LK_HTTP_OTHER };

enum { LK_HTTP_FIELDS_MAX = 64, LK_HTTP_TARGET_MAX = 1024 };

/* Texts point into the parsed bytes; NULL: the field was not sent. query is NULL when the target has no "?". */
struct lk_http_head {
    enum lk_http_method method;
    const char *path, *query;
    const char *host, *origin, *token, *content_type, *length;
    bool coded;            /* a Transfer-Encoding was sent */
    size_t content_length; /* 0 when not sent; SIZE_MAX when larger than can be counted */
};

/* Looks for the empty line. The length of the head with it; 0: not complete yet; -EBADMSG: a bare LF, a bare CR or a
 * NUL among the bytes up to there. */
long lk_http_head_length(const char *bytes, size_t n);

/* Parses the n bytes that lk_http_head_length() measured, writing NULs into them. 0 and *ret_head, or the HTTP status
 * to answer and *ret_why, a static English text that names what is wrong. */
int lk_http_head_parse(char *bytes, size_t n, struct lk_http_head *ret_head, const char **ret_why);

/* Whether text equals secret; the time taken tells nothing about where they differ. */
bool lk_http_same_secret(const char *text, const char *secret);

#endif
