# Makes the vectors of this folder in the current one, with keytool. Messages go to standard error only.
set -e
days=36500
make() { keytool "$@" -storetype PKCS12 -keystore base.p12 -storepass secret; }
java() { keytool "$@" -storepass secret -noprompt 2>/dev/null; }

# A root and an authority below it, a certificate of that authority for an RSA key, and two that sign themselves.
make -genkeypair -alias root -keyalg EC -groupname secp256r1 -dname CN=Root -ext bc:c -validity $days
make -genkeypair -alias sub -signer root -keyalg EC -groupname secp256r1 -dname CN=Issuing -ext bc:c -validity $days
make -genkeypair -alias rsa -signer sub -keyalg RSA -keysize 2048 -dname CN=rsa -validity $days
make -genkeypair -alias ec -keyalg EC -groupname secp384r1 -dname CN=ec -validity $days
make -genkeypair -alias ed -keyalg Ed25519 -dname CN=ed -validity $days
make -exportcert -rfc -alias root -file root.pem
make -delete -alias root
make -delete -alias sub
make -importcert -noprompt -alias trusted -file root.pem

# All of it; the same with other passwords of two keys; a certificate alone; the format that is refused.
copy() { java -importkeystore -srckeystore base.p12 -srcstorepass secret "$@" -deststorepass secret; }
copy -deststoretype JKS -destkeystore all.jks
cp all.jks keys.jks
java -keypasswd -alias rsa -keypass secret -new rsa-secret -keystore keys.jks -storetype JKS
java -keypasswd -alias ec -keypass secret -new ec-secret -keystore keys.jks -storetype JKS
java -importcert -alias trusted -file root.pem -keystore trusted.jks -storetype JKS
copy -deststoretype JCEKS -destkeystore all.jceks
rm root.pem
