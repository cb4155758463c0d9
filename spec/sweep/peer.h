/*
 * A loopback HTTP server for the memory tests, in a process that ends with the process that started it. The first
 * segment of a request's path is the name of the answer: GET /ok/anything. The names are in peer.c.
 */
#ifndef PEER_H
#define PEER_H

/* Starts the server and returns its port on 127.0.0.1. Ends the process when that fails. */
int peer_start(void);

#endif
