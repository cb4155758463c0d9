/* Makes valid and invalid certificates in memory. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faultserver.h"

enum { DAY = 24 * 3600 };

struct identity {
    X509 *certificate;
    EVP_PKEY *key;
};

static struct {
    const char *name;
    SSL_CTX *context;
} contexts[8];

static void must(bool fine, const char *what)
{
    if (!fine) {
        fprintf(stderr, "faultserver: %s failed\n", what);
        exit(1);
    }
}

static void extend(X509 *certificate, int what, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, what, value);

    must(extension && X509_add_ext(certificate, extension, -1), "X509_add_ext");
    X509_EXTENSION_free(extension);
}

/*
 * Makes a certificate. Without a signer, it signs itself. Without names, it is an authority. `from` and `till` are in
 * seconds from now.
 */
static struct identity issue(const char *title, const char *names, const struct identity *signer, long from, long till)
{
    static long serial = 1;
    struct identity own = {X509_new(), EVP_EC_gen("P-256")};
    X509_NAME *name;

    must(own.certificate && own.key, "making a key");
    name = X509_get_subject_name(own.certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)title, -1, -1, 0);
    X509_set_version(own.certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(own.certificate), serial++);
    X509_gmtime_adj(X509_getm_notBefore(own.certificate), from);
    X509_gmtime_adj(X509_getm_notAfter(own.certificate), till);
    X509_set_pubkey(own.certificate, own.key);
    X509_set_issuer_name(own.certificate, signer ? X509_get_subject_name(signer->certificate) : name);
    if (names)
        extend(own.certificate, NID_subject_alt_name, names);
    else
        extend(own.certificate, NID_basic_constraints, "critical,CA:TRUE");
    must(X509_sign(own.certificate, signer ? signer->key : own.key, EVP_sha256()) > 0, "X509_sign");
    return own;
}

static int choose_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *length, const unsigned char *offered,
                           unsigned offered_length, void *unused)
{
    static const unsigned char http2[] = "\2h2";
    static const unsigned char http1[] = "\10http/1.1";
    const bool two = SSL_get_app_data(ssl) != NULL;

    (void)unused;
    return SSL_select_next_proto((unsigned char **)(uintptr_t)chosen, length, two ? http2 : http1, two ? 3 : 9, offered,
                                 offered_length) == OPENSSL_NPN_NEGOTIATED
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_NOACK;
}

static void keep(const char *name, struct identity identity)
{
    static size_t count;
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());

    must(context && SSL_CTX_use_certificate(context, identity.certificate) > 0 &&
             SSL_CTX_use_PrivateKey(context, identity.key) > 0,
         "SSL_CTX_use_certificate");
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    contexts[count].name = name;
    contexts[count++].context = context;
}

void certificates_make(const char *ca_file)
{
    const char *here = "IP:127.0.0.1,DNS:localhost";
    const struct identity trusted = issue("fault spec CA", NULL, NULL, -DAY, DAY);
    const struct identity unknown = issue("nobody's CA", NULL, NULL, -DAY, DAY);
    FILE *file = fopen(ca_file, "w");

    must(file && PEM_write_X509(file, trusted.certificate) && fclose(file) == 0, ca_file);
    keep("good", issue("good", here, &trusted, -DAY, DAY));
    keep("expired", issue("expired", here, &trusted, -2 * DAY, -DAY));
    keep("wronghost", issue("wrong host", "DNS:elsewhere.example", &trusted, -DAY, DAY));
    keep("selfsigned", issue("self-signed", here, NULL, -DAY, DAY));
    keep("unknownca", issue("unknown CA", here, &unknown, -DAY, DAY));
}

SSL_CTX *certificates_get(const char *name)
{
    for (size_t i = 0; contexts[i].name; i++)
        if (strcmp(contexts[i].name, name) == 0)
            return contexts[i].context;
    return NULL;
}
