# Makes the folders that the arguments name in the current one:
#
#	sh make.sh openssl java ssh putty jose xmlsec
#
# Java takes what openssl has made. Every password is "secret" unless a line below says otherwise.
set -e
days=36500

# A root, an authority below it, and a certificate of that authority for a key of each kind.
openssl_files() {
	req() { openssl req -nodes "$@" 2>/dev/null; }
	ec='-newkey ec -pkeyopt ec_paramgen_curve:P-256'
	req -x509 $ec -keyout root.key -out root.pem -days $days -subj '/O=Ediport Test/CN=Root'
	req $ec -keyout sub.key -out sub.csr -subj '/O=Ediport Test/CN=Issuing'
	printf 'basicConstraints=critical,CA:TRUE\n' >sub.ext
	printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' >leaf.ext
	sign() { openssl x509 -req -days $days "$@" 2>/dev/null; }
	sign -in sub.csr -CA root.pem -CAkey root.key -set_serial 2 -extfile sub.ext -out sub.pem
	cat sub.pem root.pem >chain.pem
	leaf() {
		name=$1
		shift
		req "$@" -keyout $name.key -out $name.csr -subj "/O=Ediport Test/CN=$name"
		sign -in $name.csr -CA sub.pem -CAkey sub.key -set_serial 3 -extfile leaf.ext -out $name.crt
	}
	leaf rsa -newkey rsa:2048
	leaf ec $ec
	leaf ed25519 -newkey ed25519

	p12() { openssl pkcs12 -export -passout pass:secret "$@"; }
	p12 -inkey rsa.key -in rsa.crt -certfile chain.pem -name rsa -out rsa.p12
	p12 -inkey ec.key -in ec.crt -certfile chain.pem -name ec -out ec.p12
	p12 -inkey ed25519.key -in ed25519.crt -certfile chain.pem -name ed25519 -out ed25519.p12
	p12 -inkey ec.key -in ec.crt -legacy -out legacy.p12
	p12 -inkey rsa.key -in rsa.crt -legacy -descert -out descert.p12
	p12 -inkey ec.key -in ec.crt -nomac -out nomac.p12
	p12 -inkey ec.key -in ec.crt -macalg sha384 -out sha384.p12
	p12 -inkey ec.key -in ec.crt -macalg sha512 -out sha512.p12
	p12 -nokeys -in chain.pem -out certs.p12

	encrypt() { openssl pkcs8 -topk8 -passout pass:secret "$@"; }
	openssl rsa -in rsa.key -traditional -out pkcs1.pem 2>/dev/null
	openssl rsa -in rsa.key -traditional -outform DER -out pkcs1.der 2>/dev/null
	openssl rsa -in rsa.key -traditional -des3 -passout pass:secret -out pkcs1-dek.pem 2>/dev/null
	openssl ec -in ec.key -out sec1.pem 2>/dev/null
	openssl ec -in ec.key -outform DER -out sec1.der 2>/dev/null
	openssl ec -in ec.key -aes256 -passout pass:secret -out sec1-dek.pem 2>/dev/null
	openssl pkcs8 -topk8 -nocrypt -in ec.key -outform DER -out pkcs8.der
	encrypt -in ed25519.key -out ed25519.pem
	encrypt -in rsa.key -out pkcs8.pem
	encrypt -in ec.key -scrypt -out scrypt.pem
	encrypt -in ec.key -outform DER -out pkcs8-secret.der
	cat rsa.key rsa.crt chain.pem >key-first.pem
	cat chain.pem rsa.crt pkcs8.pem >key-last.pem
	cat ec.crt rsa.key chain.pem ed25519.crt ed25519.pem rsa.crt sec1-dek.pem >several.pem

	openssl x509 -in rsa.crt -outform DER -out cert.der
	openssl pkey -in ec.key -pubout -out public.pem
	openssl pkey -in ec.key -pubout -outform DER -out public.der
	openssl crl2pkcs7 -nocrl -certfile rsa.crt -certfile chain.pem -out certs.p7b
	openssl crl2pkcs7 -nocrl -certfile chain.pem -outform DER -out der.p7b
	rm -f ./*.key ./*.csr ./*.ext sub.pem chain.pem
}

# The keys and chains of openssl in the stores of Java. In the JKS each key has a password of its own: its name and "-secret".
java_files() {
	bc=org.bouncycastle.jce.provider.BouncyCastleProvider
	store() { keytool -importkeystore -noprompt -srcstorepass secret -deststorepass secret "$@" 2>/dev/null; }
	for name in rsa ec ed25519; do
		store -srckeystore ../openssl/$name.p12 -destkeystore keytool.p12 -deststoretype PKCS12
		store -srckeystore ../openssl/$name.p12 -srcalias $name -srckeypass secret \
			-destkeystore keytool.jks -deststoretype JKS -destkeypass $name-secret
	done
	store -srckeystore keytool.p12 -destkeystore keytool.bcfks -deststoretype BCFKS \
		-providerclass $bc -providerpath "${bcprov:-/usr/share/java/bcprov.jar}"
}

ssh_files() {
	gen() {
		name=$1 type=$2 bits=$3
		shift 3
		ssh-keygen -q -t $type -b $bits -C "edi $name" -f $name "$@"
	}
	gen rsa rsa 2048 -N ''
	gen rsa-secret rsa 2048 -N secret -a 2
	gen rsa-pem rsa 2048 -m PEM -N ''
	gen rsa-pem-secret rsa 2048 -m PEM -N secret
	gen rsa-pkcs8-secret rsa 2048 -m PKCS8 -N secret
	gen p256 ecdsa 256 -N ''
	gen p384-secret ecdsa 384 -N secret -a 2
	gen p521-pem-secret ecdsa 521 -m PEM -N secret
	gen ed25519 ed25519 256 -N ''
	gen ed25519-secret ed25519 256 -N secret -a 4
	for name in rsa p256 ed25519; do
		ssh-keygen -e -m RFC4716 -f $name.pub >$name.rfc4716
	done
	cat rsa.pub p256.pub ed25519.pub >authorized_keys
}

putty_files() {
	printf secret >secret
	: >plain
	gen() {
		puttygen -q -t $2 -b $3 -C "edi $1" -o $1.ppk --new-passphrase plain
		puttygen $1.ppk -L -o $1.pub
		for password in plain secret; do
			puttygen $1.ppk -P -o $1-$password-v2.ppk --new-passphrase $password --ppk-param version=2
			puttygen $1.ppk -P -o $1-$password-v3.ppk --new-passphrase $password --ppk-param version=3,memory=1024,passes=2
		done
		rm $1.ppk
	}
	gen rsa rsa 2048
	gen p256 ecdsa 256
	gen ed25519 ed25519 255
	puttygen ed25519-plain-v3.ppk -P -o ed25519-default.ppk --new-passphrase secret
	rm secret plain
}

jose_files() {
	jose jwk gen -i '{"alg":"RS256"}' -o rsa.jwk
	jose jwk gen -i '{"alg":"ES256"}' -o p256.jwk
	jose jwk pub -i p256.jwk -o p256-public.jwk
	jose jwk gen -i '{"keys":[{"alg":"ES384"},{"alg":"RS256"}]}' -o set.jwks
}

xmlsec_files() {
	xmlsec1 keys --gen-key:edi rsa-2048 keys.xml
}

for folder in "$@"; do
	mkdir -p $folder
	(cd $folder && ${folder}_files)
done
