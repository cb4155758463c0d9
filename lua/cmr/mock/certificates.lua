---Uses the program openssl to make a temporary certificate authority and a certificate for this machine.

local certificates = {}

local AUTHORITY = [[
[req]
distinguished_name = name
x509_extensions = authority
prompt = no
[name]
CN = cmr mock authority
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
]]

local LEAF = [[
[req]
distinguished_name = name
prompt = no
[name]
CN = localhost
[leaf]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = IP:127.0.0.1, DNS:localhost
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
]]

---The shell script that makes ca.pem, leaf.pem and leaf.key in the current directory. The authority signs only one
---certificate. The authority's key is deleted before the server starts.
certificates.script = [[
openssl ecparam -genkey -name prime256v1 -noout -out ca.key
openssl ecparam -genkey -name prime256v1 -noout -out leaf.key
openssl req -x509 -new -key ca.key -config ca.cnf -days 30 -out ca.pem
openssl req -new -key leaf.key -config leaf.cnf -out leaf.csr
openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -set_serial 1 -days 30 \
  -extfile leaf.cnf -extensions leaf -out leaf.pem
rm -f ca.key leaf.csr
# A program under test may run as another user: it can read the authority's certificate, and nothing else.
chmod 600 ./*
chmod 644 ca.pem
chmod 711 .
]]

---The files that the script needs in the current directory: name -> text.
certificates.files = { ["ca.cnf"] = AUTHORITY, ["leaf.cnf"] = LEAF }

return certificates
