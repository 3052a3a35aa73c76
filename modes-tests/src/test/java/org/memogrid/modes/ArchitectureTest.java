/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.net.URL;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Cluster;
import org.memogrid.daemon.Daemon;
import org.memogrid.internal.node.Feature;
import org.memogrid.internal.node.Node;
import org.memogrid.jcache.MemogridCachingProvider;
import org.memogrid.jetty.ClusterSessions;
import org.memogrid.job.Job;

/** The direction of flow of ARCHITECTURE.md, as rules over the compiled modules. */
class ArchitectureTest {
  private static final String ENGINE = "org.memogrid.internal.engine..";
  private static final String INTERNAL = "org.memogrid..internal..";

  /** The classes that ship. */
  private static final JavaClasses SHIPPED = new ClassFileImporter().importUrls(locations());

  @Test
  void onlyTheEngineImportsTheEngines() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackage(ENGINE)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.infinispan..", "org.jgroups..", "com.github.benmanes..")
            .because("an engine that leaks can't be exchanged or upgraded"));
  }

  @Test
  void onlyTheDefaultCodecImportsKryo() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackage("org.memogrid.internal.codec..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("com.esotericsoftware..", "org.objenesis..")
            .because("the codec is chosen in one place (docs/adr/0001-codec.md)"));
  }

  @Test
  void seamsDoNotKnowWhatImplementsThem() {
    check(
        noClasses()
            .that(
                resideInAnyPackage("org.memogrid.internal.wire..", "org.memogrid.internal.store..")
                    .or(belongToAnyOf(Node.class, Feature.class)))
            .should()
            .dependOnClassesThat()
            .resideInAPackage(ENGINE));
  }

  @Test
  void theEngineDoesNotKnowThePolicyAboveIt() {
    check(
        noClasses()
            .that()
            .resideInAPackage(ENGINE)
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.memogrid.internal.cache.."));
  }

  @Test
  void featureModulesReachTheEngineThroughTheSeamsOnly() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackages(
                "org.memogrid.cluster..", "org.memogrid.cache..", "org.memogrid.internal..")
            .should()
            .dependOnClassesThat(
                resideInAPackage("org.memogrid.internal..")
                    .and(
                        not(
                            resideInAnyPackage(
                                "org.memogrid.internal.wire..",
                                "org.memogrid.internal.store..",
                                "org.memogrid.internal.node..",
                                "org.memogrid.internal.lease.."))))
            .allowEmptyShould(true));
  }

  @Test
  void onlyTheOtherCacheApisShareWhatIsMemosOwn() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackages(
                "org.memogrid.memo..", "org.memogrid.cdi..", "org.memogrid.spring..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.memogrid.memo.internal.."));
  }

  @Test
  void theCoreDoesNotKnowItsFeatures() {
    check(
        noClasses()
            .that()
            .resideInAnyPackage(
                "org.memogrid.cluster..", "org.memogrid.cache..", "org.memogrid.internal..")
            .should()
            .dependOnClassesThat(
                resideInAPackage("org.memogrid..")
                    .and(
                        not(
                            resideInAnyPackage(
                                "org.memogrid.cluster..",
                                "org.memogrid.cache..",
                                "org.memogrid.internal..")))));
  }

  @Test
  void featuresDoNotFormCycles() {
    check(
        slices()
            .matching("org.memogrid.(*)..")
            .as("features")
            .should()
            .beFreeOfCycles()
            .ignoreDependency(
                resideInAnyPackage("org.memogrid.cluster..", "org.memogrid.cache..", INTERNAL),
                resideInAnyPackage("org.memogrid.cluster..", "org.memogrid.cache..", INTERNAL)));
  }

  /** Features are public for the service loader alone, and seen by no user. */
  @Test
  void publicSignaturesShowNoInternalType() {
    check(
        classes()
            .that(
                resideInAPackage("org.memogrid..")
                    .and(not(resideInAPackage(INTERNAL)))
                    .and(not(assignableTo(Feature.class))))
            .and()
            .arePublic()
            .should(haveSignaturesWithout(INTERNAL)));
  }

  @Test
  void theRulesSeeTheModules() {
    assertThat(SHIPPED).extracting(JavaClass::getName).contains(Cluster.class.getName());
    assertThat(SHIPPED)
        .extracting(JavaClass::getPackageName)
        .doesNotContain("org.memogrid.testkit", "org.memogrid.modes");
  }

  private static void check(ArchRule rule) {
    rule.check(SHIPPED);
  }

  private static ArchCondition<JavaClass> haveSignaturesWithout(String packages) {
    return new ArchCondition<>("have no type of " + packages + " in public signatures") {
      @Override
      public void check(JavaClass type, ConditionEvents events) {
        Stream<JavaMember> members =
            Stream.concat(
                Stream.concat(type.getMethods().stream(), type.getConstructors().stream()),
                type.getFields().stream());
        members
            .filter(ArchitectureTest::isOfferedToUsers)
            .forEach(
                member ->
                    typesOf(member)
                        .filter(resideInAPackage(packages))
                        .forEach(
                            leaked ->
                                events.add(
                                    SimpleConditionEvent.violated(
                                        member,
                                        member.getFullName() + " shows " + leaked.getName()))));
        Stream.concat(type.getRawInterfaces().stream(), type.getRawSuperclass().stream())
            .filter(resideInAPackage(packages))
            .forEach(
                leaked ->
                    events.add(
                        SimpleConditionEvent.violated(
                            type, type.getName() + " extends " + leaked.getName())));
      }
    };
  }

  private static boolean isOfferedToUsers(JavaMember member) {
    Set<JavaModifier> modifiers = member.getModifiers();
    return modifiers.contains(JavaModifier.PUBLIC) || modifiers.contains(JavaModifier.PROTECTED);
  }

  private static Stream<JavaClass> typesOf(JavaMember member) {
    if (member instanceof JavaCodeUnit unit) {
      return Stream.concat(unit.getParameterTypes().stream(), Stream.of(unit.getReturnType()))
          .flatMap(t -> t.getAllInvolvedRawTypes().stream());
    }
    return ((JavaField) member).getType().getAllInvolvedRawTypes().stream();
  }

  private static Set<URL> locations() {
    return List.of(
            Cluster.class,
            Daemon.class,
            Job.class,
            feature("memo"),
            feature("queue"),
            feature("pipeline"),
            feature("cdi"),
            feature("spring"),
            ClusterSessions.class,
            MemogridCachingProvider.class)
        .stream()
        .map(type -> type.getProtectionDomain().getCodeSource().getLocation())
        .collect(Collectors.toSet());
  }

  private static Class<?> feature(String name) {
    try {
      return Class.forName("org.memogrid." + name + ".package-info");
    } catch (ClassNotFoundException e) {
      throw new AssertionError(name + " is not on the class path", e);
    }
  }
}
