/*
 * How fast Paho alone publishes: QoS 1, so many in flight, to a broker nobody listens at. What the uplink is
 * measured against.
 *
 *   paho_rate PORT TOPIC BYTES COUNT IN_FLIGHT     prints the seconds from the first publication to the last PUBACK
 */
#include <MQTTAsync.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ARGS = 6 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int connected, done, in_flight;

static double now_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void change(int *what, int by)
{
    pthread_mutex_lock(&lock);
    *what += by;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}

static void on_up(void *context, MQTTAsync_successData5 *data)
{
    (void)context;
    (void)data;
    change(&connected, 1);
}

static void on_sent(void *context, MQTTAsync_successData5 *data)
{
    (void)context;
    (void)data;
    pthread_mutex_lock(&lock);
    done++;
    in_flight--;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}

static void begin(MQTTAsync *paho, const char *port)
{
    char url[64];
    MQTTAsync_createOptions create = MQTTAsync_createOptions_initializer5;
    MQTTAsync_connectOptions connect = MQTTAsync_connectOptions_initializer5;
    (void)snprintf(url, sizeof(url), "mqtt://127.0.0.1:%s", port);
    create.maxBufferedMessages = 100000;
    connect.cleanstart = 1;
    connect.maxInflight = 65535;
    connect.onSuccess5 = on_up;
    if (MQTTAsync_createWithOptions(paho, url, "paho-rate", MQTTCLIENT_PERSISTENCE_NONE, NULL, &create) != 0 ||
        MQTTAsync_connect(*paho, &connect) != 0) {
        exit(1);
    }
    pthread_mutex_lock(&lock);
    while (!connected) {
        (void)pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
}

int main(int argc, char **argv)
{
    if (argc != ARGS) {
        (void)fprintf(stderr, "usage: paho_rate PORT TOPIC BYTES COUNT IN_FLIGHT\n");
        return 2;
    }
    int bytes = atoi(argv[3]), count = atoi(argv[4]), most = atoi(argv[5]);
    char *payload = calloc(1, (size_t)bytes + 1);
    MQTTAsync paho;
    if (!payload) {
        return 1;
    }
    memset(payload, 'x', (size_t)bytes);
    begin(&paho, argv[1]);
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    options.onSuccess5 = on_sent;
    double from = now_s();
    for (int i = 0; i < count; i++) {
        pthread_mutex_lock(&lock);
        while (in_flight >= most) {
            (void)pthread_cond_wait(&changed, &lock);
        }
        in_flight++;
        pthread_mutex_unlock(&lock);
        if (MQTTAsync_send(paho, argv[2], bytes, payload, 1, 0, &options) != 0) {
            return 1;
        }
    }
    pthread_mutex_lock(&lock);
    while (done < count) {
        (void)pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
    printf("%.6f\n", now_s() - from);
    free(payload);
    return 0;
}
