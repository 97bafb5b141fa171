# Makes the vectors of this folder in the current one, with openssl.
set -e
new() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 "$@" 2>/dev/null; }
new -x509 -keyout root.key -out root.pem -subj /CN=Root
new -keyout leaf.key -out leaf.csr -subj /CN=leaf
openssl x509 -req -in leaf.csr -CA root.pem -CAkey root.key -set_serial 2 -days 36500 -out leaf.pem 2>/dev/null
printf '[ca]\ndefault_ca=d\n[d]\ndatabase=index\ndefault_md=sha256\ndefault_crl_days=36500\n' > ca.cnf
: > index
openssl ca -gencrl -config ca.cnf -cert root.pem -keyfile root.key -out crl.pem 2>/dev/null

# Certificates alone, as PKCS #7 bundles are; with a revocation list; a list and no certificate.
openssl crl2pkcs7 -nocrl -certfile leaf.pem -certfile root.pem -outform DER -out certs.p7b
openssl crl2pkcs7 -in crl.pem -certfile root.pem -outform DER -out crl.p7b
openssl crl2pkcs7 -in crl.pem -outform DER -out empty.p7b
# Signed messages: in BER with the content in segments, in DER without content; an encrypted one.
echo 'hello' > text
sign() { openssl cms -sign -binary -in text -signer leaf.pem -inkey leaf.key -certfile root.pem -outform DER "$@"; }
sign -nodetach -stream -out signed-ber.p7m
sign -out detached.p7s
openssl cms -encrypt -binary -in text -outform DER -out encrypted.p7m leaf.pem
rm -f ./*.key ./*.csr ./*.pem ca.cnf index* text
