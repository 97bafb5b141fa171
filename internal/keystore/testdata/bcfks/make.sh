# Makes the vectors of this folder in the current one, with keytool and Bouncy Castle. The arguments are base.p12 of the
# folder jks, Bcfks.java of this one, and the archive of Bouncy Castle.
set -e
base=$1
source=$2
jar=$3
bc() {
	keytool "$@" -noprompt -providerclass org.bouncycastle.jce.provider.BouncyCastleProvider -providerpath "$jar" 2>/dev/null
}

# As keytool writes it by default, with a secret key; the same with other passwords of keys.
bc -importkeystore -srckeystore "$base" -srcstorepass secret -srcstoretype PKCS12 \
	-deststoretype BCFKS -destkeystore keytool.bcfks -deststorepass secret
bc -genseckey -alias aes -keyalg AES -keysize 256 -storetype BCFKS -keystore keytool.bcfks -storepass secret -keypass secret
bc -importkeystore -srckeystore "$base" -srcstorepass secret -srcstoretype PKCS12 -srcalias ec -srckeypass secret \
	-deststoretype BCFKS -destkeystore key.bcfks -deststorepass secret -destkeypass ec-secret

# Every other setting.
java -cp "$jar" "$source" "$base"
