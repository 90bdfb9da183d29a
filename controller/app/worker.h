/*
 * One helper thread for what must not block the owner thread: Argon2id, proving a backup. Jobs run one after another;
 * their `done` runs on the owner thread. They share nothing with it but the job itself, which belongs to the worker
 * from give to done.
 */
#ifndef APP_WORKER_H
#define APP_WORKER_H

struct event_base;
struct lk_worker;

struct lk_job {
    void (*run)(void *arg);  /* on the worker thread */
    void (*done)(void *arg); /* afterwards, on the owner thread; frees arg */
    void *arg;
};

/* 0, -ENOMEM, or the errno of making the thread. */
int lk_worker_create(struct event_base *base, struct lk_worker **ret_worker);

/* Waits for the job under way; those still waiting get done() without run(). NULL is fine. Returns NULL. */
struct lk_worker *lk_worker_destroy(struct lk_worker *worker);

/* 0, or -EAGAIN when 16 jobs are waiting already (done is not called then). Owner thread. */
int lk_worker_give(struct lk_worker *worker, const struct lk_job *job);

#endif
