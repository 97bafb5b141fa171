# Makes certificates with odd fields in the current folder.
set -e
cat >odd.cnf <<'CNF'
oid_section = oids
[oids]
strange = 1.2.3.4.5
[req]
distinguished_name = dn
utf8 = yes
[dn]
CNF
openssl ecparam -genkey -name prime256v1 -noout -out ec.key
# certificate NAME SUBJECT [OPTION...]: one that signs itself.
certificate() {
	name=$1 subject=$2
	shift 2
	openssl req -x509 -config odd.cnf -utf8 -key ec.key -subj "$subject" -days 36500 -out $name.pem "$@"
}
mask() { sed "s/^utf8 = yes/&\nstring_mask = $1/" odd.cnf >mask.cnf; }

certificate commas '/C=DE/O=Car, Body GmbH/OU=a;b/CN=1\+1=2 <three> #4'
certificate quotes '/O=The "Best" \\ Co/CN="quoted"'
certificate spaces '/O= before/OU=after /OU=#number/CN=in  between'
certificate multi '/O=Ediport/OU=one+CN=two+UID=three, four/CN=last'
certificate utf8 '/O=Größe 日本語/CN=🚀 Ελλάδα'
certificate repeated '/DC=example/DC=com/OU=c/OU=b/OU=a/CN=x/CN=y'
certificate attributes '/C=DE/ST=Bayern/L=Ulm/street=Weg 1/O=O/OU=OU/title=Dr/SN=Name/GN=Given/initials=GN/UID=u1/serialNumber=4711/businessCategory=Private/strange=what/DC=org/emailAddress=a@b.org/CN=all'
mask MASK:0x800
certificate bmp '/O=Größe/CN=日本' -config mask.cnf
mask MASK:0x4
certificate t61 '/O=Größe/CN=Citroën' -config mask.cnf
certificate empty '/' -addext subjectAltName=critical,DNS:empty.example
certificate long-serial '/CN=long' -set_serial 0x7f0102030405060708090a0b0c0d0e0f10111213
certificate high-serial '/CN=high' -set_serial 0x80ff
certificate zero-serial '/CN=zero' -set_serial 0
certificate negative-serial '/CN=negative' -set_serial -129
certificate sans '/CN=sans' -addext 'subjectAltName=DNS:a.example,email:a@b.example,IP:192.0.2.1,DNS:*.b.example,IP:2001:db8::1,URI:https://c.example/x?y=1%2C2,otherName:1.3.6.1.4.1.311.20.2.3;UTF8:user@domain,dirName:dn2,RID:1.2.3.4,DNS:xn--bcher-kva.example,email:z@b.example' \
	-config /dev/stdin <<'CNF'
[req]
distinguished_name = dn
[dn]
[dn2]
CN = directory
CNF
certificate usages '/CN=usages' -addext 'keyUsage=critical,digitalSignature,nonRepudiation,keyEncipherment,dataEncipherment,keyAgreement,keyCertSign,cRLSign,encipherOnly' \
	-addext 'extendedKeyUsage=codeSigning,emailProtection,timeStamping,OCSPSigning,serverAuth,msSmartcardLogin,1.2.3.4'
certificate sign-only '/CN=sign-only' -addext keyUsage=digitalSignature,decipherOnly -addext extendedKeyUsage=anyExtendedKeyUsage

# Other keys and signatures.
key() {
	name=$1
	shift
	openssl genpkey -out other.key "$@" 2>/dev/null
	certificate $name /CN=$name -key other.key $sign
}
sign=-sha512 key rsa-sha512 -algorithm rsa -pkeyopt rsa_keygen_bits:1024
sign='-sha384 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:-1' key rsa-pss -algorithm rsa -pkeyopt rsa_keygen_bits:1536
sign=-sha384 key p384 -algorithm ec -pkeyopt ec_paramgen_curve:P-384
sign=-sha512 key p521 -algorithm ec -pkeyopt ec_paramgen_curve:P-521
sign=-sha1 key sha1 -algorithm ec -pkeyopt ec_paramgen_curve:P-256
sign= key ed25519 -algorithm ed25519
sign= key ed448 -algorithm ed448
openssl req -new -config odd.cnf -key ec.key -subj /CN=v1 -out v1.csr
openssl x509 -req -in v1.csr -signkey ec.key -days 36500 -out v1.pem 2>/dev/null

# Validity outside of the years 1950 to 2049 is GeneralizedTime; another issuer.
certificate ca '/O=The, Issuer/CN=Root+OU=multi'
: >index
openssl req -new -config odd.cnf -key ec.key -subj /CN=ages -out ages.csr
cat >ca.cnf <<'CNF'
[ca]
default_ca = d
[d]
database = index
new_certs_dir = .
default_md = sha256
rand_serial = yes
policy = any
[any]
commonName = supplied
CNF
openssl ca -batch -notext -config ca.cnf -cert ca.pem -keyfile ec.key -in ages.csr -out ages.pem \
	-startdate 19491231235959Z -enddate 99991231235959Z 2>/dev/null
rm -f ./*.key ./*.csr ./*.cnf index* [0-9A-F]*.pem ca.pem
